// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/delivery_event.h"

namespace icm {

std::string_view to_string(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::sent:
      return "sent";
    case DeliveryStatus::deferred:
      return "deferred";
    case DeliveryStatus::bounced:
      return "bounced";
    case DeliveryStatus::expired:
      return "expired";
  }
  return "invalid";
}

}  // namespace icm
