// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/authentication_report.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "policy/auth/crypto.h"

namespace icm {
namespace {

constexpr std::size_t told_sealers = 10;
constexpr std::size_t told_signature_octets = 6;  // eight characters of base64 (RFC 6008 §4)

class Builder {
 public:
  Builder(std::string_view method, std::string_view result, std::string_view reason) {
    result_.method = method;
    result_.result = result;
    result_.reason = reason;
  }

  // A property whose value is not known is left out.
  Builder& add(std::string_view ptype, std::string_view property, std::string_view value) {
    if (!value.empty()) {
      result_.properties.push_back({std::string(ptype), std::string(property), std::string(value)});
    }
    return *this;
  }

  MethodResult take() { return std::move(result_); }

 private:
  MethodResult result_;
};

// RFC 8601 §2.2: a reason stands with a result that is no pass.
std::string_view reason_unless(bool passed, const std::string& reason) {
  return passed ? std::string_view() : std::string_view(reason);
}

MethodResult report(const SpfResult& spf, const SpfQuestions& asked) {
  const bool is_helo = spf.identity == SpfIdentity::helo;
  return Builder("spf", to_string(spf.status),
                 reason_unless(spf.status == SpfStatus::pass, spf.problem))
      .add("smtp", is_helo ? "helo" : "mailfrom", is_helo ? asked.helo : asked.mail_from)
      .take();
}

MethodResult report(const DkimResult& dkim) {
  Builder builder("dkim", to_string(dkim.status),
                  reason_unless(dkim.status == DkimStatus::pass, dkim.reason));
  builder.add("header", "d", dkim.domain).add("header", "s", dkim.selector);
  if (dkim.tags) {
    builder.add("header", "a", to_string(dkim.tags->algorithm))
        .add("header", "b", to_base64(dkim.tags->signature.substr(0, told_signature_octets)));
  }
  return builder.take();
}

MethodResult report(const DmarcResult& dmarc, const ArcSealer* voucher) {
  const DmarcVerdict& verdict = dmarc.rfc9989;
  Builder builder("dmarc", to_string(verdict.status),
                  reason_unless(verdict.status == DmarcStatus::pass, verdict.reason));
  builder.add("header", "from", dmarc.author_domain);
  if (verdict.policy) builder.add("policy", "dmarc", to_string(*verdict.policy));
  if (voucher != nullptr && verdict.status != DmarcStatus::pass) {
    builder.add("policy", "vouched-by", voucher->domain);
  }
  return builder.take();
}

std::string sealers_of(const ArcResult& arc) {
  std::string text;
  std::size_t told = 0;
  for (auto sealer = arc.sealers.rbegin(); sealer != arc.sealers.rend(); ++sealer) {
    if (told++ == told_sealers) break;
    text += (text.empty() ? "" : ",") + sealer->domain;
  }
  return text;
}

}  // namespace

MethodResult arc_result(const ArcResult& arc, std::string_view client) {
  const bool passed = arc.status == ArcStatus::pass;
  Builder builder("arc", to_string(arc.status), reason_unless(passed, arc.reason));
  if (passed) builder.add("header", "oldest-pass", std::to_string(arc.oldest_pass));
  if (passed) builder.add("policy", "sealers", sealers_of(arc));
  builder.add("smtp", "remote-ip", client);
  return builder.take();
}

bool is_about(const MethodResult& then, const ArcResult& now) {
  return now.sealers.size() <= told_sealers &&
         then.property("policy", "sealers") == sealers_of(now);
}

std::vector<MethodResult> dkim_results(const std::vector<DkimResult>& found) {
  std::vector<MethodResult> results;
  if (found.empty()) results.push_back(Builder("dkim", to_string(DkimStatus::none), "").take());
  for (const DkimResult& dkim : found) {
    if (dkim.status != DkimStatus::neutral) results.push_back(report(dkim));
  }
  return results;
}

std::vector<MethodResult> method_results(const Authentication& found, const SpfQuestions& asked,
                                         const ReportForm& form) {
  std::vector<MethodResult> results;
  if (!found.spf.empty()) results.push_back(report(found.weakest_spf(), asked));
  std::ranges::move(dkim_results(found.dkim), std::back_inserter(results));
  const bool is_half_judged =
      asked.clients.empty() && found.dmarc.rfc9989.status == DmarcStatus::fail;
  if (!is_half_judged) {
    results.push_back(report(found.dmarc, voucher_of(found.arc, form.trusted_sealers)));
  }
  if (found.arc.status != ArcStatus::temp_error) {
    const bool is_shown = form.client == ClientAddress::shown && !asked.clients.empty();
    results.push_back(
        arc_result(found.arc, is_shown ? asked.clients.front().text() : std::string()));
  }
  return results;
}

}  // namespace icm
