// SPDX-License-Identifier: Apache-2.0
//
// Which recipients are Apple's.
#pragma once

#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/domain.h"
#include "policy/message/envelope.h"

namespace icm {

// Who takes a domain's mail.
enum class Whose {
  elsewhere,
  apple,
  unknown,  // the DNS did not say, or was not asked
};

// Answers for a domain. Safe from any thread.
class AppleDomains {
 public:
  virtual ~AppleDomains() = default;

  // By its name alone.
  virtual bool contains(const Domain& domain) const = 0;

  // Hide My Email and Sign in with Apple: stricter rules hold there.
  virtual bool is_private_relay(const Domain& domain) const = 0;

  // By all there is to know; where that is more than names, the DNS may be asked, until `deadline`.
  virtual Whose whose(const Domain& domain, [[maybe_unused]] Deadline deadline) const {
    return known(domain);
  }

  // The same as far as it is known without asking.
  virtual Whose known(const Domain& domain) const {
    return contains(domain) ? Whose::apple : Whose::elsewhere;
  }
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

// Where mail for a recipient goes, as far as the words of RCPT and the domain's mail servers tell.
enum class Reach {
  elsewhere,
  apple,
  // An address that a mail server may make an Apple one of, by taking comments, quotes, backslashes
  // or blanks away or by following a route in it. What will be left of it is the mail server's
  // secret, so that it can neither be judged nor let pass.
  unclear,
  // A domain that may have Apple's mail servers: the DNS did not say.
  unknown,
};

// A Mailbox is whose its domain is, unless its local part names a domain of Apple's behind a "%",
// "!" or "@". What is no Mailbox is Apple's where only the local part is longer than RFC 5321
// §4.5.3.1.1 has it, and unclear where a domain of Apple's can be made out in it. Each of these was
// seen to reach icloud.com through Postfix 3.7 from a client that may relay: john@(x)icloud.com,
// john@"icloud".com, john@\icloud.com, john%icloud.com, icloud.com!john@ours,
// "john@icloud.com"@ours.
// Asks nobody: never `unknown`.
Reach reach_of(const Recipient& recipient, const AppleDomains& apple);

// The same, and what is nowhere by its words is asked for: whose are its domain's mail servers? A
// domain in a route is taken by its name alone.
Reach reach_of(const Recipient& recipient, const AppleDomains& apple, Deadline deadline);

}  // namespace icm
