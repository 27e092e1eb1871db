// SPDX-License-Identifier: Apache-2.0
//
// MailUsers: as whom the programs of the mail server run. Every user may write to the journal,
// under any program's name; who has written the journal knows from the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace icm::ctl {

// Immutable, safe from any thread.
class MailUsers {
 public:
  // root, whom Sendmail delivers as; postfix and smmta, where there are such users; and who owns
  // Postfix's data directory, /var/lib/postfix, where mail_owner has another name.
  static MailUsers of_this_machine();

  bool has(std::optional<std::uint32_t> user) const { return user && names_.contains(*user); }

  std::string names() const;  // "root, postfix (102)"

 private:
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace icm::ctl
