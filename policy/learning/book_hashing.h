// SPDX-License-Identifier: Apache-2.0
//
// A ReplyBook without addresses, where the suppression list has none either (store.hash_key_file).
#pragma once

#include "policy/learning/reply_book.h"
#include "policy/recipients.h"
#include "policy/store/address_forms.h"

namespace icm {

// Makes hashes of the addresses that were written before there was a key, and takes those in the
// words that are kept away, once. What was hashed under another key is forgotten: nobody can tell
// any more whose it was. Within a transaction; nothing to do where `forms` has no key.
[[nodiscard]] Status hash_book(ReplyBook& book, const AddressForms& forms,
                               const AppleDomains& apple);

}  // namespace icm
