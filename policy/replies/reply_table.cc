// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

// What patterns are looked for in. Where a code stands alone there is "no words" to be found; where
// the line was cut within the address behind it, nothing is, for words may have followed.
std::string words_to_search(const ReceivedReply& reply) {
  std::string words = words_without_addresses(reply.text);
  const std::size_t last = words.find_last_of("<>");
  const bool is_cut = last != std::string::npos && words[last] == '<';
  return is_cut || std::ranges::any_of(words, is_alpha) ? words : "no words";
}

bool fits_code(const ReplyEntry& entry, const ReceivedReply& reply) {
  if (entry.codes.empty()) return true;
  const std::string code = reply.code != 0        ? fmt::format("{}", reply.code)
                           : reply.severity() > 0 ? fmt::format("{}", reply.severity())
                                                  : "";
  return std::ranges::any_of(entry.codes, [&](const std::string& begin) {
    return !code.empty() && code.starts_with(begin);
  });
}

bool fits(const ReplyEntry& entry, const ReceivedReply& reply) {
  const bool is_about_recipient =
      entry.scope == ReplyScope::address && entry.reply_class != ReplyClass::success;
  if (is_about_recipient && reply.names_no_recipient()) return false;
  const bool other_speaker = entry.by != Speaker::unknown && entry.by != reply.speaker;
  if (other_speaker || !fits_code(entry, reply)) return false;
  if (entry.enhanced.empty()) return true;
  return reply.enhanced_code.size() > 2 &&
         std::string_view(reply.enhanced_code).substr(2).starts_with(entry.enhanced);
}

}  // namespace

ReplyNature nature_of(const ReplyEntry& entry, const ReceivedReply& reply) {
  const int severity = reply.severity();
  switch (entry.nature) {
    case ReplyNature::transient:
      return severity == 5 ? ReplyNature::transient_as_5xx : entry.nature;
    case ReplyNature::transient_as_5xx:
      return severity == 4 ? ReplyNature::transient : entry.nature;
    case ReplyNature::permanent_as_4xx:
      return severity == 5 ? ReplyNature::until_fixed : entry.nature;
    default:
      return entry.nature;
  }
}

std::string loosen_blanks(std::string_view pattern) {
  std::string loose;
  bool in_brackets = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      loose += c;
      loose += pattern[++i];
      continue;
    }
    if (c == '[') in_brackets = true;
    if (c == ']') in_brackets = false;
    loose += c;
    const bool is_counted = i + 1 < pattern.size() &&
                            std::string_view("*+?{").find(pattern[i + 1]) != std::string_view::npos;
    if (c == ' ' && !in_brackets && !is_counted) loose += '*';
  }
  return loose;
}

Result<ReplyTable> ReplyTable::make(std::vector<ReplyEntry> entries) {
  std::vector<std::string> patterns;
  for (const ReplyEntry& entry : entries) {
    if (entry.pattern.empty()) continue;
    patterns.push_back(loosen_blanks(entry.pattern));
    if (const Status usable = check_pattern(patterns.back()); !usable) {
      return fail_at(fmt::format("{}: pattern", entry.id), usable.error());
    }
  }
  ICM_TRY(PatternSet set, PatternSet::make(patterns));
  return ReplyTable(std::move(entries), std::move(set));
}

const ReplyEntry& ReplyTable::classify(const ReceivedReply& reply) const {
  const std::vector<int> matches = patterns_.matches(words_to_search(reply));
  auto match = matches.begin();
  int pattern = -1;
  for (const ReplyEntry& entry : entries_) {
    if (entry.pattern.empty()) {
      if (fits(entry, reply)) return entry;
      continue;
    }
    ++pattern;
    while (match != matches.end() && *match < pattern) ++match;
    if (match != matches.end() && *match == pattern && fits(entry, reply)) return entry;
  }
  return unknown_reply();
}

const ReplyEntry* ReplyTable::find(std::string_view id) const {
  const auto found =
      std::ranges::find_if(entries_, [&](const ReplyEntry& entry) { return entry.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

const ReplyEntry& unknown_reply() {
  static const ReplyEntry entry = [] {
    ReplyEntry made;
    made.id = "unknown";
    made.meaning = "No entry of the reply table fits.";
    made.remedy =
        "Read the words. Nothing is held against the address, the message or the host; the sample "
        "is worth an entry in a table of your own.";
    made.source = "the rule that nothing is done without knowing why";
    made.date = "2026-11";
    return made;
  }();
  return entry;
}

}  // namespace icm
