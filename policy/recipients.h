// SPDX-License-Identifier: Apache-2.0
//
// Which recipients are Apple's.
#pragma once

#include <string_view>
#include <vector>

#include "policy/base/domain.h"
#include "policy/message/envelope.h"

namespace icm {

// Answers for a domain. Safe from any thread. Other ways to know (an MX under Apple's) are further
// implementations of this.
class AppleDomains {
 public:
  virtual ~AppleDomains() = default;
  virtual bool contains(const Domain& domain) const = 0;

  // Hide My Email and Sign in with Apple: stricter rules hold there.
  virtual bool is_private_relay(const Domain& domain) const = 0;
};

// The names Apple has published and those the administrator added.
class NamedAppleDomains final : public AppleDomains {
 public:
  explicit NamedAppleDomains(std::vector<Domain> added);
  bool contains(const Domain& domain) const override;
  bool is_private_relay(const Domain& domain) const override;

 private:
  std::vector<Domain> domains_;  // sorted
};

// Where mail for a recipient goes, as far as the words of RCPT tell.
enum class Reach {
  elsewhere,
  apple,
  // An address that a mail server may make an Apple one of, by taking comments, quotes, backslashes
  // or blanks away or by following a route in it. What will be left of it is the mail server's
  // secret, so that it can neither be judged nor let pass.
  unclear,
};

// A Mailbox is whose its domain is, unless its local part names a domain of Apple's behind a "%",
// "!" or "@". What is no Mailbox is Apple's where only the local part is longer than RFC 5321
// §4.5.3.1.1 has it, and unclear where a domain of Apple's can be made out in it. Each of these was
// seen to reach icloud.com through Postfix 3.7 from a client that may relay: john@(x)icloud.com,
// john@"icloud".com, john@\icloud.com, john%icloud.com, icloud.com!john@ours,
// "john@icloud.com"@ours.
Reach reach_of(const Recipient& recipient, const AppleDomains& apple);

}  // namespace icm
