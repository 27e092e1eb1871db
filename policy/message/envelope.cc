// SPDX-License-Identifier: Apache-2.0
//
// The words for roles and origins, in the log and in the configuration.
#include "policy/message/envelope.h"

namespace icm {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::arrival:
      return "arrival";
    case Role::gate:
      return "gate";
    case Role::direct:
      return "direct";
  }
  return "invalid";
}

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::unknown:
      return "unknown";
    case Origin::submission:
      return "submission";
    case Origin::relay:
      return "relay";
    case Origin::local:
      return "local";
    case Origin::forwarded:
      return "forwarded";
  }
  return "invalid";
}

}  // namespace icm
