// SPDX-License-Identifier: Apache-2.0
#include "milter/control_protocol.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "policy/base/clock.h"
#include "policy/base/text.h"
#include "policy/config/config.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

using Word = ControlRequest::Word;

constexpr Word all_words[] = {Word::status, Word::stats, Word::reload, Word::policy,
                              Word::throttle};

tl::unexpected<Error> refuse(std::string text) { return fail(Code::syntax, std::move(text)); }

std::string expected_words() {
  std::vector<std::string_view> words;
  for (const Word word : all_words) words.push_back(to_string(word));
  return fmt::format("{}", fmt::join(words, ", "));
}

Result<std::string> parse_policy_name(std::string_view name) {
  if (name == all_policies) return std::string(name);
  const auto& known = policy_names();
  if (std::ranges::find(known, name) != known.end()) return std::string(name);
  const auto meant = nearest(name, known);
  return refuse(fmt::format("there is no policy \"{}\"; {}", for_log(name),
                            meant ? fmt::format("did you mean \"{}\"?", *meant)
                                  : fmt::format("expected {}", fmt::join(known, ", "))));
}

Result<std::chrono::seconds> parse_change_span(std::string_view text) {
  const auto span = parse_span(text);
  if (span && *span >= std::chrono::seconds{1} && *span <= longest_change) return *span;
  return refuse(fmt::format("expected a span from 1s to {} such as 90s, 15m, 1h or 7d, got \"{}\"",
                            to_span(longest_change), for_log(text)));
}

Result<Mode> parse_mode(std::string_view name) {
  std::vector<std::string_view> names;
  for (const EnumName<Mode>& mode : enum_names<Mode>()) {
    if (mode.name == name) return mode.value;
    names.push_back(mode.name);
  }
  return refuse(fmt::format("expected a mode ({}) or {}, got \"{}\"", fmt::join(names, ", "),
                            as_configured, for_log(name)));
}

// policy NAME MODE, or policy NAME MODE for SPAN; NAME may be all, MODE may be configured.
Result<ControlRequest> parse_change(const std::vector<std::string_view>& words) {
  const bool has_span = words.size() == 6 && words[4] == "for";
  if (words.size() != 4 && !has_span) {
    return refuse("expected \"policy NAME MODE\" or \"policy NAME MODE for SPAN\"");
  }
  ControlRequest request{.word = Word::policy, .policy = {}, .mode = {}, .span = {}};
  ICM_TRY(request.policy, parse_policy_name(words[2]));
  if (words[3] == as_configured) {
    request.mode = std::nullopt;
    if (has_span) return refuse("configured takes no span: the file holds from then on");
    return request;
  }
  ICM_TRY(request.mode, parse_mode(words[3]));
  if (request.policy == all_policies && request.mode == Mode::enforce) {
    return refuse("enforce is for one policy at a time; all takes observe, off or configured");
  }
  if (has_span) {
    ICM_TRY(request.span, parse_change_span(words[5]));
  }
  return request;
}

}  // namespace

std::string_view to_string(Word word) {
  switch (word) {
    case Word::status:
      return "status";
    case Word::stats:
      return "stats";
    case Word::reload:
      return "reload";
    case Word::policy:
      return "policy";
    case Word::throttle:
      return "throttle";
  }
  return "invalid";
}

Result<ControlRequest> parse_control_request(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words[0] != control_version) {
    return refuse(
        fmt::format("expected a line that begins with \"{}\", got \"{}\"; is this "
                    "icloud-milterctl as old as the daemon ({})?",
                    control_version, for_log(words[0], 40), ICM_VERSION));
  }
  const std::string_view given = words.size() > 1 ? words[1] : std::string_view();
  const auto word = std::ranges::find(all_words, given, [](Word one) { return to_string(one); });
  if (word == std::end(all_words)) {
    return refuse(fmt::format("expected {}, got \"{}\"", expected_words(), for_log(given)));
  }
  if (*word == Word::policy) return parse_change(words);
  if (*word == Word::throttle) {
    if (words.size() != 3 || words[2] != "show") return refuse("expected \"throttle show\"");
  } else if (words.size() != 2) {
    return refuse(fmt::format("{} takes no words", given));
  }
  return ControlRequest{.word = *word, .policy = {}, .mode = Mode::observe, .span = {}};
}

std::string to_line(const ControlRequest& request) {
  std::string line = fmt::format("{} {}", control_version, to_string(request.word));
  if (request.word == Word::throttle) return line + " show";
  if (request.word != Word::policy) return line;
  line += fmt::format(" {} {}", request.policy,
                      request.mode ? to_string(*request.mode) : as_configured);
  if (request.span) line += fmt::format(" for {}", to_span(*request.span));
  return line;
}

}  // namespace icm
