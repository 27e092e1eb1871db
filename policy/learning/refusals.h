// SPDX-License-Identifier: Apache-2.0
//
// Refusals: how many recipients Apple refused a form of mail for, or a From domain, within a day.
// One may be anything; several are the mail's own fault.
#pragma once

#include <string_view>

#include "policy/learning/reply_book.h"
#include "policy/store/backoff.h"

namespace icm {

// Notes a refusal and answers whether it makes `enough` different recipients; counting then begins
// anew.
[[nodiscard]] Result<bool> note_refusal(ReplyBook& book, BackoffKind kind, std::string_view subject,
                                        std::string_view recipient, WallTime time, int enough);

}  // namespace icm
