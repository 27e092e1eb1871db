// SPDX-License-Identifier: Apache-2.0
//
// The reply table: what each known reply means, what it is about, what is to be done. The first
// entry that fits a reply explains it, so an entry stands before every one that is less specific.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "policy/replies/pattern_set.h"
#include "policy/replies/received_reply.h"
#include "policy/replies/reply_words.h"

namespace icm {

struct ReplyEntry {
  std::string id;
  std::string pattern;             // of the words, codes left out; empty: the codes alone decide
  std::vector<std::string> codes;  // how the code may begin: "5", "421"; empty: any, or none
  std::string enhanced;            // how the enhanced code has to begin, its class left out: "7.",
                                   // "1.1"; empty: any, or none
  Speaker by = Speaker::unknown;   // whose words they have to be; unknown: anybody's
  ReplyClass reply_class = ReplyClass::unknown;
  ReplyNature nature = ReplyNature::unknown;
  ReplyScope scope = ReplyScope::message;
  ReplyAction action = ReplyAction::sample_alert;
  Confidence confidence = Confidence::low;
  std::string meaning;
  std::string remedy;
  std::string source;
  std::string date;  // of the newest evidence, "2026-09" or "2026-09-23"
  std::vector<std::string> examples;
};

// Immutable; safe from any thread.
class ReplyTable {
 public:
  // Entries in the order in which they are asked. An Error names the entry and what is wrong with
  // its pattern.
  [[nodiscard]] static Result<ReplyTable> make(std::vector<ReplyEntry> entries);

  // The first entry that fits; unknown_reply() when none does.
  const ReplyEntry& classify(const ReceivedReply& reply) const;

  // Nullptr when there is none.
  const ReplyEntry* find(std::string_view id) const;

  const std::vector<ReplyEntry>& entries() const { return entries_; }

 private:
  ReplyTable(std::vector<ReplyEntry> entries, PatternSet patterns)
      : entries_(std::move(entries)), patterns_(std::move(patterns)) {}
  std::vector<ReplyEntry> entries_;
  PatternSet patterns_;  // of the entries that have one, in their order
};

// A reply that no entry fits: kept as a sample, told to a person, held against nobody.
const ReplyEntry& unknown_reply();

// The entry's nature as said with this reply's code: what passes is transient-as-5xx with a 5xx and
// transient without one, what never passes by itself is permanent-as-4xx with a 4xx only.
ReplyNature nature_of(const ReplyEntry& entry, const ReceivedReply& reply);

// The same pattern, each blank (outside of brackets) standing for any number of blanks, none
// included: a line that was wrapped loses or gains them.
std::string loosen_blanks(std::string_view pattern);

}  // namespace icm
