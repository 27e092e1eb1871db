// SPDX-License-Identifier: Apache-2.0
//
// alignment, DKIM: one signature at least that passes, with a key that is long enough, and that
// vouches for From and the whole body.
#include <algorithm>

#include "policy/alignment_report.h"
#include "policy/auth/tag_list.h"
#include "policy/base/text.h"
#include "policy/organization.h"

namespace icm::alignment {
namespace {

constexpr int advised_key_bits = 2048;  // RFC 8301 §3.2: "SHOULD be at least 2048 bits"
constexpr int least_key_bits = 1024;    // the same: shorter ones MUST NOT be considered valid

bool is_rsa(const DkimResult& signature) {
  return signature.tags && signature.tags->algorithm == SignatureAlgorithm::rsa_sha256;
}

// "s=sel d=example.com"
std::string name_of(const DkimResult& signature) {
  return fmt::format("s={} d={}", for_log(signature.selector, 63), for_log(signature.domain, 100));
}

std::string key_record_name(const DkimResult& signature) {
  return for_log(key_name(signature.domain, signature.selector), 200);
}

// Whether a signature that could not be read fails to sign From (RFC 6376 §5.4).
bool leaves_out_from(const Report& report, const DkimResult& signature) {
  if (signature.tags) return !signature.coverage(report.facts.headers, "From").whole();
  const auto list = TagList::parse(report.facts.headers[signature.header_index].value);
  if (!list || list->find("h") == nullptr) return false;
  const auto fields = colon_list(list->value("h"));
  return std::ranges::none_of(fields,
                              [](const std::string& field) { return equal_ascii(field, "From"); });
}

bool is_expired(const Report& report, const DkimResult& signature) {
  if (!signature.tags || !signature.tags->expires_at) return false;
  const auto now =
      std::chrono::floor<std::chrono::seconds>(report.facts.now).time_since_epoch().count();
  return now > 0 && static_cast<std::uint64_t>(now) > *signature.tags->expires_at;
}

// Why a signature does not do, as a rule with its fix.
struct Fault {
  std::string_view rule;
  std::string fix;
};

Fault fault_of_short_key(const Report& report, const DkimResult& signature) {
  return {"alignment.dkim-key-short",
          fmt::format("publish an RSA key of {} bits as {}. TXT (at least {} are accepted), and "
                      "sign with it",
                      advised_key_bits, key_record_name(signature),
                      std::max(report.config.min_key_bits, least_key_bits))};
}

// A signature that did not pass.
Fault fault_of(const Report& report, const DkimResult& signature) {
  if (signature.status == DkimStatus::perm_error) {
    if (is_expired(report, signature)) {
      return {
          "alignment.dkim-expired",
          "sign when the mail is sent, and let x= lie further ahead than mail waits in a queue"};
    }
    if (is_rsa(signature) && signature.key_bits > 0 && signature.key_bits < least_key_bits) {
      return fault_of_short_key(report, signature);
    }
    if (leaves_out_from(report, signature)) {
      return {"alignment.dkim-from-unsigned", "name From in h= (RFC 6376 section 5.4)"};
    }
    if (signature.reason.starts_with("no key at ")) {
      return {"alignment.dkim-fail",
              fmt::format("publish the public key as {}. TXT \"v=DKIM1; k=rsa; p=...\"",
                          key_record_name(signature))};
    }
    return {"alignment.dkim-fail",
            "correct the signature or its key record (RFC 6376 section 6.1)"};
  }
  return {"alignment.dkim-fail",
          fmt::format("sign last, after everything that changes the mail, with the key whose "
                      "public half is at {}. TXT",
                      key_record_name(signature))};
}

// A signature that passes and is not accepted for all that.
Fault objection_to(const Report& report, const DkimResult& signature) {
  if (is_rsa(signature) && signature.key_bits < report.config.min_key_bits) {
    return fault_of_short_key(report, signature);
  }
  if (leaves_out_from(report, signature)) {
    return {"alignment.dkim-from-unsigned",
            "sign every From field, or have one only (RFC 6376 section 5.4)"};
  }
  return {"alignment.dkim-body-length", "sign without l= (RFC 6376 section 8.2)"};
}

std::string words_on(const Report& report, const DkimResult& signature) {
  if (!signature.reason.empty()) return for_log(signature.reason);
  if (is_rsa(signature) && signature.key_bits < report.config.min_key_bits) {
    return fmt::format("key of {} bits, {} are asked for", signature.key_bits,
                       report.config.min_key_bits);
  }
  if (signature.leaves_body_uncovered()) {
    return fmt::format("l= leaves {} octets of the body unsigned",
                       signature.body_size - *signature.tags->body_length);
  }
  const FieldCoverage from = signature.coverage(report.facts.headers, "From");
  return fmt::format("{} of {} From fields are signed", from.named, from.present);
}

struct Group {
  Fault fault;
  std::vector<std::string> signatures;
};

// One finding per rule, with the signatures it is about.
template <class FaultOf>
std::vector<Group> grouped(const Report& report, FaultOf fault_of_one, bool passing) {
  std::vector<Group> groups;
  for (const DkimResult& signature : report.found.dkim) {
    const bool passes = signature.status == DkimStatus::pass;
    if (passes != passing || signature.status == DkimStatus::temp_error) continue;
    Fault fault = fault_of_one(report, signature);
    const auto same =
        std::ranges::find_if(groups, [&](const Group& g) { return g.fault.rule == fault.rule; });
    Group& group = same != groups.end() ? *same : groups.emplace_back(Group{std::move(fault), {}});
    group.signatures.push_back(
        fmt::format("{}: {}", name_of(signature), words_on(report, signature)));
  }
  return groups;
}

void report_missing(Report& report) {
  const std::string domain = report.author.empty() ? "your.example" : report.author;
  report.refuse(Check::dkim,
                {"alignment.dkim-missing",
                 no_passing_signature,
                 "there is no DKIM-Signature",
                 fmt::format("sign with d={} and publish SELECTOR._domainkey.{}. TXT \"v=DKIM1; "
                             "k=rsa; p=...\"",
                             domain, domain),
                 {}});
}

// None passes. A key that could not be fetched may be the one that would have made the difference.
void report_failures(Report& report) {
  const std::string disputed = report.look.against_all_dkim();
  std::vector<std::string> late;
  for (const DkimResult& each : report.found.dkim) {
    if (each.status != DkimStatus::temp_error) continue;
    late.push_back(fmt::format("{}: {}", name_of(each), for_log(each.reason)));
  }
  if (!late.empty()) {
    return report.defer(
        Check::dkim,
        {"alignment.dkim-temporary", key_unavailable,
         fmt::format("the key of a DKIM signature could not be fetched: {}", listed(late)),
         "let the name servers of that domain answer; the mail is tried again", disputed});
  }
  for (Group& group : grouped(report, fault_of, false)) {
    report.refuse(Check::dkim,
                  {group.fault.rule, no_passing_signature,
                   fmt::format("no DKIM signature passes: {}", listed(group.signatures)),
                   std::move(group.fault.fix), disputed});
  }
}

void report_objections(Report& report) {
  for (Group& group : grouped(report, objection_to, true)) {
    report.refuse(Check::dkim, {group.fault.rule,
                                no_good_signature,
                                fmt::format("no DKIM signature that passes is accepted: {}",
                                            listed(group.signatures)),
                                std::move(group.fault.fix),
                                {}});
  }
}

// What could be better about the signatures that count.
void advise(Report& report) {
  std::vector<const DkimResult*> good;
  for (const DkimResult& each : report.found.dkim) {
    if (report.is_acceptable(each)) good.push_back(&each);
  }
  const DkimResult& first = *good.front();
  if (std::ranges::all_of(good, [](const DkimResult* each) {
        return is_rsa(*each) && each->key_bits < advised_key_bits;
      })) {
    report.advise("alignment.dkim-key-weak",
                  fmt::format("{} has a key of {} bits", name_of(first), first.key_bits),
                  fmt::format("publish one of {} bits as {}. TXT (RFC 8301 section 3.2)",
                              advised_key_bits, key_record_name(first)));
  }
  if (std::ranges::all_of(
          good, [](const DkimResult* each) { return each->tags->body_length.has_value(); })) {
    report.advise("alignment.dkim-body-length",
                  fmt::format("{} has l=: anybody may add to the body", name_of(first)),
                  "sign without l= (RFC 6376 section 8.2)");
  }
  if (std::ranges::none_of(good, [&](const DkimResult* each) {
        return each->coverage(report.facts.headers, "From").oversigned();
      })) {
    report.advise("alignment.dkim-not-oversigned",
                  fmt::format("{} lets a second From be added unseen", name_of(first)),
                  "name From once more in h= than it stands in the header (RFC 6376 section 8.15; "
                  "OpenDKIM: OversignHeaders From)");
  }
}

}  // namespace

void examine_dkim(Report& report) {
  if (report.dkim_passes) return advise(report);
  if (report.found.dkim.empty()) return report_missing(report);
  const bool any_passes = std::ranges::any_of(
      report.found.dkim, [](const DkimResult& each) { return each.status == DkimStatus::pass; });
  // A signature whose key could not be fetched may be one that nothing speaks against.
  const bool any_late = std::ranges::any_of(report.found.dkim, [](const DkimResult& each) {
    return each.status == DkimStatus::temp_error;
  });
  if (any_passes && !any_late) return report_objections(report);
  report_failures(report);
}

}  // namespace icm::alignment
