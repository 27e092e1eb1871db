// SPDX-License-Identifier: Apache-2.0
//
// Mta: what a session may ask of the mail server at the end of a message. libmilter stands behind
// it in the daemon, a recorder in tests.
#pragma once

#include <string>
#include <string_view>

#include "policy/verdict.h"

namespace icm {

// Used by one callback at a time. Each returns false when the mail server refused the change; the
// message is then deferred rather than sent on half changed.
class Mta {
 public:
  virtual ~Mta() = default;

  // `index` 0 stands above everything else. `value` has no leading blank; folds are CRLF + blank.
  [[nodiscard]] virtual bool insert_header(int index, std::string_view name,
                                           std::string_view value) = 0;

  // `occurrence` counts fields of this name from 1 at the top.
  [[nodiscard]] virtual bool remove_header(std::string_view name, int occurrence) = 0;

  [[nodiscard]] virtual bool quarantine(std::string_view reason) = 0;

  // `recipient` exactly as RCPT gave it, angle brackets included.
  [[nodiscard]] virtual bool delete_recipient(std::string_view recipient) = 0;

  // Tells the mail server that we are still at work, so that its timer starts again.
  virtual void progress() = 0;
};

// What the mail server is told after a step.
struct Answer {
  enum class Kind {
    go_on,   // next step, please
    let_go,  // nothing more of this message is wanted; it passes unchanged
    refuse,  // `reply` to the client
  };
  Kind kind = Kind::go_on;
  SmtpReply reply;
  bool operator==(const Answer&) const = default;
};

}  // namespace icm
