// SPDX-License-Identifier: Apache-2.0
#include "policy/refusals.h"

namespace icm {

const std::vector<KnownRefusal>& known_refusals() {
  static const std::vector<KnownRefusal> refusals = {
#define ICM_REFUSAL(policy, rule, reply, words, fix) {#policy, rule, reply, words, fix},
#include "policy/refusals.inc"
#undef ICM_REFUSAL
  };
  return refusals;
}

}  // namespace icm
