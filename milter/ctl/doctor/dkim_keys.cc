// SPDX-License-Identifier: Apache-2.0
//
// The doctor on DKIM keys: whether what is published under the selectors in use can verify
// anything.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/doctor/domains.h"
#include "policy/auth/key_file.h"
#include "policy/auth/key_publication.h"
#include "policy/auth/key_record.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::string_view record_middle = "._domainkey.";

// The selector in a question, when it is about this domain: a whole name is about its own.
std::string selector_for(const std::string& question, const std::string& domain) {
  const std::size_t middle = question.find(record_middle);
  if (middle == std::string::npos) return question;
  const std::string_view its = std::string_view(question).substr(middle + record_middle.size());
  return equal_ascii(its, domain) ? question.substr(0, middle) : std::string();
}

void examine_key(const KeyRecord& record, const std::string& name, Diagnoses& diagnoses) {
  const std::string size = key_size(record.key.type(), record.key.bits());
  if (record.testing) {
    add(diagnoses, found("domain.dkim-testing", name, fmt::format("{}, and t=y", size)));
  } else if (record.key.type() == KeyType::rsa && record.key.bits() < good_rsa_bits) {
    add(diagnoses, found("domain.dkim-short", name, size));
  } else {
    add(diagnoses, found("domain.dkim", name, size));
  }
}

void examine_selector(const Context& context, const std::string& domain,
                      const std::string& selector, Deadline deadline, Diagnoses& diagnoses) {
  const std::string name = key_name(domain, selector);
  const auto answer = context.sources.keys.find(domain, selector, deadline);
  switch (answer->status) {
    case KeyAnswer::Status::temporary:
      return add(diagnoses,
                 found("domain.dns-failed", name,
                       answer->problems.empty() ? "no answer" : answer->problems.front()));
    case KeyAnswer::Status::missing:
      return add(diagnoses, found("domain.dkim-missing", name, "there is no such record"));
    case KeyAnswer::Status::found:
      break;
  }
  const std::size_t records = answer->keys.size() + answer->problems.size();
  if (answer->keys.empty() || records > 1) {
    return add(diagnoses,
               found("domain.dkim-unusable", name,
                     !answer->problems.empty() ? answer->problems.front()
                                               : fmt::format("{} keys under one name, of which a "
                                                             "verifier takes any (RFC 6376 section "
                                                             "3.6.2.2)",
                                                             records)));
  }
  examine_key(answer->keys.front(), name, diagnoses);
}

}  // namespace

void examine_dkim(const Context& context, const std::string& domain, Deadline deadline,
                  Diagnoses& diagnoses) {
  bool is_any = false;
  for (const std::string& question : context.questions.selectors) {
    const std::string selector = selector_for(question, domain);
    if (selector.empty()) continue;
    is_any = true;
    examine_selector(context, domain, selector, deadline, diagnoses);
  }
  if (!is_any) {
    add(diagnoses, found("domain.dkim-unknown", domain, "no selector of this domain is known"));
  }
}

}  // namespace icm::ctl::doctor
