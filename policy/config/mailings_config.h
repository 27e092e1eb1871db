// SPDX-License-Identifier: Apache-2.0
//
// MailingsConfig: the `mailings` section of milter.conf; a part of config.h.
#pragma once

#include <chrono>

namespace icm {

// Mail alike to many, of which neither a stream nor a field says what it is.
struct MailingsConfig {
  int recipients = 100;
  std::chrono::seconds window{std::chrono::hours{1}};
  bool are_bulk = false;
  bool operator==(const MailingsConfig&) const = default;
};

template <class Visitor>
void describe(MailingsConfig& c, Visitor& visit) {
  visit.number("recipients", c.recipients, 0, 1000,
               "Apple recipients that mail alike goes to within the window before it is taken for "
               "a mailing; 0 does not look.");
  visit.span("window", c.window, std::chrono::minutes{1}, std::chrono::hours{24 * 7},
             "How long a recipient counts.");
  visit.flag("are_bulk", c.are_bulk,
             "Whether such mail is bulk. Order confirmations and passwords are alike, too: declare "
             "their streams transactional before. With no, list_unsubscribe.many-alike only "
             "advises to declare the stream.");
}

}  // namespace icm
