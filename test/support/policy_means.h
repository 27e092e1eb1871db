// SPDX-License-Identifier: Apache-2.0
//
// What policies work with, in tests of those that do not seal.
#pragma once

#include "policy/auth/sealing_keys.h"
#include "policy/policy_set.h"

namespace icm {

inline PolicyMeans means_without_keys(SuppressionList& list) {
  static const SealingKeys none;
  return {list, none, "mx.test.example"};
}

}  // namespace icm
