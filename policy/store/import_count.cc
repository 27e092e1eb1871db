// SPDX-License-Identifier: Apache-2.0
#include "policy/store/import_count.h"

namespace icm {

void count(Outcome outcome, ImportCount& counts) {
  switch (outcome) {
    case Outcome::added:
      ++counts.added;
      return;
    case Outcome::changed:
      ++counts.changed;
      return;
    case Outcome::unchanged:
      ++counts.unchanged;
      return;
  }
}

}  // namespace icm
