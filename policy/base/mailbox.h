// SPDX-License-Identifier: Apache-2.0
//
// Mailbox and ReversePath: addresses as SMTP knows them (RFC 5321 §4.1.2).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/domain.h"
#include "policy/base/result.h"

namespace icm {

// local-part "@" domain. The local part is kept octet by octet as it was given (quotes and all);
// the domain is a Domain.
class Mailbox {
 public:
  // Takes "a@b" or "<a@b>", a source route is dropped (RFC 5321 §4.1.1.3), quoted local parts and
  // UTF-8 local parts (RFC 6531) are taken. Length limits of RFC 5321 §4.5.3.1 hold. An address
  // literal is no Mailbox: nothing at Apple has one. Code::syntax says what is wrong.
  [[nodiscard]] static Result<Mailbox> parse(std::string_view text);

  const std::string& local() const { return local_; }
  const Domain& domain() const { return domain_; }
  std::string text() const { return local_ + "@" + domain_.text(); }

  // How Apple compares mailboxes: the local part without regard to ASCII case, and nothing else
  // stripped; hyphens, dots and plus tags tell real addresses apart (Hide My Email). Quotes that
  // are not needed are no part of the name (RFC 5321 §4.1.2): "bob"@b is bob@b.
  std::string key() const;

  auto operator<=>(const Mailbox&) const = default;

 private:
  Mailbox(std::string local, Domain domain) : local_(std::move(local)), domain_(std::move(domain)) {}
  std::string local_;
  Domain domain_;
};

// MAIL FROM: a mailbox, or null ("<>", a bounce), or something SMTP let through that is no mailbox
// ("<root>", an address literal), which is kept as text.
struct ReversePath {
  std::string text;                // as given, without angle brackets; empty when null
  std::optional<Mailbox> mailbox;  // absent when null or not a mailbox

  bool is_null() const { return text.empty(); }
  static ReversePath from(std::string_view smtp_argument);
  bool operator==(const ReversePath&) const = default;
};

}  // namespace icm
