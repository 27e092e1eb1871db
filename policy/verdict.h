// SPDX-License-Identifier: Apache-2.0
//
// Verdict: what shall happen to a message, to whom, and why. Values only: nothing here acts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icm {

// In rising strength; the strongest of all effects decides.
enum class Disposition { accept, tag, quarantine, defer, reject };

// How far a policy or rule goes.
enum class Mode {
  off,      // does not judge
  observe,  // judges and reports; mail goes on
  enforce,  // acts
};

std::string_view to_string(Disposition disposition);
std::string_view to_string(Mode mode);

struct SmtpReply {
  int code = 0;          // RFC 5321 §4.2; 0 means "no reply"
  std::string enhanced;  // RFC 3463, "5.7.1"
  std::string text;      // one line; made legal by milter/reply_text whatever it holds
  bool operator==(const SmtpReply&) const = default;
};

// The same reply as a temporary one: 550 5.7.1 becomes 451 4.7.1, 552 5.3.4 becomes 452 4.3.4.
SmtpReply as_temporary(const SmtpReply& reply);

struct HeaderEdit {
  enum class Kind { insert, remove };
  Kind kind = Kind::insert;
  std::string name;
  std::string value;   // to insert: without leading blank; folds as CRLF + blank
  int occurrence = 1;  // to remove: which one of that name, counted from 1 at the top
  bool operator==(const HeaderEdit&) const = default;
};

enum class Weight {
  advice,     // worth knowing; never changes what happens
  service,    // something done for mail that goes on, such as a seal; never refuses
  violation,  // the policy's action applies
};

std::string_view to_string(Weight weight);

// The prediction for what Apple asks for without saying how it answers who does without.
inline constexpr std::string_view no_answer_known =
    "no answer of Apple's is known; it is a requirement all the same";

// One thing a policy has to say. A policy may have several, or none.
struct Finding {
  std::string_view rule;  // "list_unsubscribe.post-missing"; static, on the policy's page
  Weight weight = Weight::violation;
  SmtpReply reply;                  // the refusal, in its permanent form
  std::optional<Disposition> wish;  // set when the rule itself demands it (a throttle defers);
                                    // otherwise the configured action applies
  std::vector<HeaderEdit> headers;  // made only if the mail goes on
  std::string evidence;             // what was found, in words; may quote the message
  std::string fix;         // what to do about it: the very header or record where there is one
  std::string prediction;  // what Apple would answer; for an error, and for advice, often empty
  std::string disputed;    // that an independent implementation found otherwise, in words; such a
                           // violation is recorded and not enforced
};

// A Finding after the configuration had its say.
struct Judged {
  Finding finding;
  std::string_view policy;
  Mode mode = Mode::observe;                 // the mode that applied to this rule
  Disposition effect = Disposition::accept;  // what it asks for, after mode and canary
  Disposition would = Disposition::accept;   // what it would ask for in mode enforce, percent and
                                             // until aside: a forecast for the log
  std::string held_back;  // why it has no effect, unless it is advice: "mode observe",
                          // "not among the 10 percent", "until 2026-12-01",
                          // "disputed: libspf2 says pass"
};

// What shall happen to one message or to one recipient. Made by the engine alone.
struct Verdict {
  Disposition disposition = Disposition::accept;
  SmtpReply reply;                  // set for defer (already temporary) and reject
  std::string quarantine_reason;    // set for quarantine
  std::vector<HeaderEdit> headers;  // empty for defer and reject
  std::string_view policy;          // who decided; empty when nobody objected
  std::string_view rule;
  std::vector<Judged> findings;
};

// A finding that may do something: the configuration lets it, and it is more than advice.
bool acts(const Judged& judged);

// Combines judged findings: the strongest effect wins, among equals the earlier. Header edits of
// all findings that act are kept, those of services before the others (so that a seal stands above
// what it covers), and dropped again when the mail does not go on; advice, observed findings and
// those held back change nothing.
Verdict combine(std::vector<Judged> findings);

}  // namespace icm
