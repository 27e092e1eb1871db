// SPDX-License-Identifier: Apache-2.0
//
// Looking ahead in an SPF record: what its terms will ask the DNS one after the other is asked at
// once, so that a slow name server is waited for once.
#pragma once

#include "policy/auth/spf_macro.h"
#include "policy/auth/spf_publication.h"
#include "policy/auth/spf_record.h"

namespace icm {

// Begins the lookups of the record's terms up to the one that matches `values.client` without any,
// `most` of them at most; not the first one's, which is asked now. Does not wait. What a term asks
// once it has an answer (the hosts of an MX record, the terms of an include) is not known yet.
void prefetch_spf_terms(const SpfRecord& record, const SpfMacroValues& values, int most,
                        SpfDirectory& directory);

}  // namespace icm
