// SPDX-License-Identifier: Apache-2.0
//
// Mail with a DKIM signature of its own, for tests that send it.
#pragma once

#include <string>

#include "policy/auth/crypto.h"
#include "test/support/milter_client_mail.h"

namespace icm {

// The value of a DKIM-Signature for `mail`, leading blank included: rsa-sha256, relaxed, over the
// body and From (twice), To, Subject and Date. It does not expire.
std::string dkim_signature(const MilterMail& mail, const PrivateKey& key, const std::string& domain,
                           const std::string& selector);

// What is published for the key.
std::string dkim_record(const PrivateKey& key);

}  // namespace icm
