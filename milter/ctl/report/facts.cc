// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return "accepted";
    case Outcome::would_be_refused:
      return "would be refused";
    case Outcome::held:
      return "on hold";
    case Outcome::deferred:
      return "deferred";
    case Outcome::refused:
      return "refused";
  }
  return "invalid";
}

}  // namespace icm::ctl::report
