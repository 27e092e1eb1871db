// SPDX-License-Identifier: Apache-2.0
//
// The only file that includes <re2/...>.
#include "policy/replies/pattern_set.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>
#include <re2/set.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::int64_t one_pattern_memory = 1 << 20;
constexpr std::int64_t all_patterns_memory = 64 << 20;
constexpr int largest_program = 10000;  // RE2's instructions

re2::RE2::Options options(std::int64_t memory) {
  re2::RE2::Options chosen;
  chosen.set_case_sensitive(false);
  chosen.set_log_errors(false);
  chosen.set_encoding(re2::RE2::Options::EncodingLatin1);
  chosen.set_never_capture(true);
  chosen.set_max_mem(memory);
  return chosen;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct PatternSet::Compiled {
  Compiled() : all(options(all_patterns_memory), re2::RE2::UNANCHORED) {}
  re2::RE2::Set all;
  std::vector<std::unique_ptr<re2::RE2>> each;  // for a text on which `all` runs out of memory
};

Status check_pattern(std::string_view pattern) {
  if (pattern.size() > max_pattern_octets) {
    return fail(Code::config, fmt::format("expected at most {} octets, got {}", max_pattern_octets,
                                          pattern.size()));
  }
  const re2::RE2 compiled(piece(pattern), options(one_pattern_memory));
  if (!compiled.ok()) {
    return fail(Code::config,
                fmt::format("is no regular expression: {}", for_log(compiled.error())));
  }
  if (compiled.ProgramSize() > largest_program) {
    return fail(Code::config, fmt::format("is too large: {} steps, expected at most {}",
                                          compiled.ProgramSize(), largest_program));
  }
  if (re2::RE2::PartialMatch("", compiled)) {
    return fail(Code::config, "matches the empty text, and so every reply");
  }
  return {};
}

Result<PatternSet> PatternSet::make(const std::vector<std::string>& patterns) {
  auto compiled = std::make_shared<Compiled>();
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (const Status usable = check_pattern(patterns[i]); !usable) {
      return fail_at(fmt::format("pattern {}", i), usable.error());
    }
    compiled->each.push_back(std::make_unique<re2::RE2>(patterns[i], options(one_pattern_memory)));
    std::string problem;
    if (compiled->all.Add(patterns[i], &problem) != static_cast<int>(i)) {
      return fail(Code::config, fmt::format("pattern {}: {}", i, for_log(problem)));
    }
  }
  if (!patterns.empty() && !compiled->all.Compile()) {
    return fail(Code::config, "all patterns together are too large to be compiled");
  }
  return PatternSet(std::move(compiled));
}

std::vector<int> PatternSet::matches(std::string_view text) const {
  std::vector<int> found;
  if (compiled_->each.empty()) return found;
  re2::RE2::Set::ErrorInfo outcome{};
  if (compiled_->all.Match(piece(text), &found, &outcome) ||
      outcome.kind == re2::RE2::Set::kNoError) {
    std::ranges::sort(found);
    return found;
  }
  found.clear();
  for (std::size_t i = 0; i < compiled_->each.size(); ++i) {
    if (re2::RE2::PartialMatch(piece(text), *compiled_->each[i])) {
      found.push_back(static_cast<int>(i));
    }
  }
  return found;
}

}  // namespace icm
