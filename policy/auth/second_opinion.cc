// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/second_opinion.h"

#include <algorithm>

namespace icm {
namespace {

// How far a word lets a refusal go.
enum class Weight { pass, not_pass, temporary };

Weight weight_of(std::string_view word) {
  if (word == "pass") return Weight::pass;
  return word == "temperror" ? Weight::temporary : Weight::not_pass;
}

Agreement weigh(std::string_view ours, const SecondOpinion& theirs) {
  if (!theirs.was_asked()) return Agreement::unasked;
  const Weight mine = weight_of(ours);
  const Weight other = weight_of(theirs.result);
  if (other == Weight::temporary && mine != other) return Agreement::unasked;
  // Whoever could not find out is not contradicted by somebody who found no pass.
  const bool confirmed = mine == other || (mine == Weight::temporary && other == Weight::not_pass);
  return confirmed ? Agreement::confirmed : Agreement::disputed;
}

bool is_same(const SpfQuestion& a, const SpfQuestion& b) {
  return a.client == b.client && a.helo == b.helo && a.mail_from == b.mail_from;
}

}  // namespace

std::string_view to_string(Agreement agreement) {
  switch (agreement) {
    case Agreement::confirmed:
      return "confirmed";
    case Agreement::disputed:
      return "disputed";
    case Agreement::unasked:
      return "unasked";
  }
  return "invalid";
}

Agreement agreement(const SpfResult& ours, const SecondOpinion& theirs) {
  return weigh(to_string(ours.status), theirs);
}

Agreement agreement(const DkimResult& ours, const SecondOpinion& theirs) {
  return weigh(to_string(ours.status), theirs);
}

Agreement agreement(const DmarcVerdict& ours, const SecondOpinion& theirs) {
  const bool is_late = theirs.result == "temperror" && ours.status != DmarcStatus::temp_error;
  if (!theirs.was_asked() || is_late) return Agreement::unasked;
  return theirs.result == to_string(ours.status) ? Agreement::confirmed : Agreement::disputed;
}

SecondOpinion SecondOpinions::spf(const SpfQuestion& question, Deadline deadline) {
  const auto known =
      std::ranges::find_if(spf_, [&](const auto& each) { return is_same(each.first, question); });
  if (known != spf_.end()) return known->second;
  return spf_.emplace_back(question, ask_libspf2(question, sources_.resolver, deadline)).second;
}

SecondOpinion SecondOpinions::dmarc(const DmarcInput& input, const DmarcResult& ours,
                                    DmarcStandard standard, Deadline deadline) {
  return ask_libopendmarc(input, ours, standard, sources_, deadline);
}

}  // namespace icm
