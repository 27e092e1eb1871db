// SPDX-License-Identifier: Apache-2.0
//
// What Apple's answers ask of us for a while: to send less, or nothing, by an address, to a
// recipient, from a domain, or of one form. Written by whoever reads the answers, or by hand; read
// for every recipient.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/guarded.h"
#include "policy/base/notice_board.h"
#include "policy/base/result.h"

namespace icm {

enum class BackoffKind {
  pause,          // nothing leaves by an address, or by any
  slow,           // a part of every limit, for what leaves by an address, or by any
  recipient,      // one recipient gets one message in so long
  from_domain,    // nothing from a domain, as author or envelope sender
  mail_template,  // no mail of one form (policy/throttle.h: mail_form)
};

inline constexpr BackoffKind all_backoff_kinds[] = {
    BackoffKind::pause, BackoffKind::slow, BackoffKind::recipient, BackoffKind::from_domain,
    BackoffKind::mail_template};

std::string_view to_string(BackoffKind kind);  // "pause", "slow", "recipient", "domain", "template"
std::optional<BackoffKind> backoff_kind(std::string_view name);

inline constexpr std::string_view every_egress = "all";

// How long a book keeps what has ended, as evidence.
inline constexpr std::chrono::hours backoff_kept_after_end{24 * 7};

struct Backoff {
  BackoffKind kind = BackoffKind::pause;
  // pause, slow: IpAddress::text() or every_egress; recipient: person_word() of Mailbox::key();
  // from_domain: Domain::text(); mail_template: 16 hexadecimal digits; either with the
  // person_word() of whoever submits that mail behind it, where nobody else's is meant.
  std::string subject;
  int percent = 50;  // slow: what is left of each limit, 1 to 99
  // recipient: one message in so long; pause: one in so long goes all the same, to see whether it
  // is taken, the first so long after the beginning; 0 lets none go.
  std::chrono::seconds every{0};
  WallTime since{};
  std::optional<WallTime> until;  // absent: until it is removed
  std::string by;                 // login of a person, name of a program
  std::string why;                // Apple's answer, or the person's word
  bool operator==(const Backoff&) const = default;
};

// What an address, a login or a sender is known by where limits are counted and backoffs are kept:
// "~" and 16 hexadecimal digits, the same on every host and after every start. Nobody reads an
// address from it; whoever has an address can tell whether it is the one. The key is no secret: two
// who meet share one allowance, and that is all there is to win.
std::string person_word(std::string_view person);

// A subject in the form it is stored; of a recipient the address or its person_word() is taken.
// Code::syntax says what was expected.
[[nodiscard]] Result<std::string> backoff_subject(BackoffKind kind, std::string_view text);

// Where they are kept. Safe from any thread.
class BackoffBook {
 public:
  virtual ~BackoffBook() = default;

  // In place of what there is of this kind for this subject.
  [[nodiscard]] virtual Status put(const Backoff& backoff, Deadline deadline) = 0;

  // False when there was none.
  [[nodiscard]] virtual Result<bool> remove(BackoffKind kind, const std::string& subject,
                                            Deadline deadline) = 0;

  // Those that have ended, too, until they are replaced, removed or a week old.
  [[nodiscard]] virtual Result<std::vector<Backoff>> all(Deadline deadline) = 0;
};

// What is in force, as one looks it up.
class Backoffs {
 public:
  Backoffs() = default;
  explicit Backoffs(std::vector<Backoff> all);

  const Backoff* find(BackoffKind kind, std::string_view subject, WallTime now) const;
  bool has(BackoffKind kind) const;
  const std::vector<Backoff>& all() const { return all_; }

 private:
  std::vector<Backoff> all_;  // by kind and subject
};

// A BackoffBook as it was a second ago: looking into it costs no question. While the book cannot be
// asked, what was known last stays in force; `notices` hears of it once, and of every pause and
// slowdown that begins or is taken back, with who asked for it and why. Safe from any thread.
class BackoffView {
 public:
  // `known` is in force until the book was read; null: until then nobody knows what is.
  BackoffView(std::unique_ptr<BackoffBook> book, NoticeBoard& notices,
              std::shared_ptr<const Backoffs> known = std::make_shared<const Backoffs>());

  std::shared_ptr<const Backoffs> now();

  // Reads the book at once, so that no mail goes past a pause that was written before.
  void read(Deadline deadline);

  // What is in force, without a question. Null, as from now(), before anything was known.
  std::shared_ptr<const Backoffs> known() const;

 private:
  struct State {
    std::shared_ptr<const Backoffs> known;
    Deadline::Time::time_point next{};
    bool is_away = false;
  };
  const std::unique_ptr<BackoffBook> book_;
  NoticeBoard& notices_;
  Guarded<State> state_;
};

}  // namespace icm
