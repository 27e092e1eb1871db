// SPDX-License-Identifier: Apache-2.0
//
// Before a refusal over an authentication result: do the libraries say otherwise? The one place
// where policies meet the second opinions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "policy/config/config.h"
#include "policy/facts.h"
#include "policy/verdict.h"

namespace icm {

// What speaks against the results of one message, in words such as "libspf2 says pass"; empty when
// nothing does: confirmed, or not asked (a sender chooses what is asked, so that is no dispute).
// The Facts must hold an authentication and outlive this. Not synchronised.
class SecondLook {
 public:
  SecondLook(const Facts& facts, const AuthenticationConfig& config, Deadline deadline)
      : facts_(facts), config_(config), deadline_(deadline) {}

  // A refusal that needs all of these results to be right: empty as soon as nothing speaks against
  // one of them.
  std::string against_spf(const std::vector<const ClientSpf*>& results);

  // Against `index` of Authentication::dkim.
  std::string against_dkim(std::size_t index);

  // Against "no signature passes": the first that a library says otherwise of.
  std::string against_all_dkim();

  // Against a verdict of DMARC, and against the SPF and DKIM results that it rests on.
  std::string against_dmarc(DmarcStandard standard);

  // What was found, with the word of a library in place of ours wherever they differ.
  const Authentication& as_libraries_say();
  // The words of all that differ.
  const std::string& differences();

  // Makes the finding a disputed one, unless the configuration has disputes enforced; then the
  // words stand behind the evidence.
  void dispute(Finding& finding, const std::string& words) const;

 private:
  std::string ask_spf(const ClientSpf& ours, std::string* word = nullptr);
  std::string ask_dkim(std::size_t index, std::string* word = nullptr);

  const Facts& facts_;
  const AuthenticationConfig& config_;
  const Deadline deadline_;
  std::optional<Authentication> theirs_;
  std::string differences_;
};

}  // namespace icm
