// SPDX-License-Identifier: Apache-2.0
//
// What became of each entry of an import, added up.
#pragma once

#include "policy/store/suppression_book.h"

namespace icm {

void count(Outcome outcome, ImportCount& counts);

}  // namespace icm
