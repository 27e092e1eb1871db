// SPDX-License-Identifier: Apache-2.0
//
// How findings of format are made.
#include "policy/format_report.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::format {
namespace {

constexpr std::size_t shown_octets = 80;
constexpr std::size_t shown_error_octets = 200;

// Names that are never in the public DNS: RFC 6761, RFC 6762, RFC 8375, and what home and office
// networks call themselves. The names that RFC 2606 keeps for examples are left to DNS.
constexpr std::array<std::string_view, 9> private_names = {"localhost", "local",     "localdomain",
                                                           "internal",  "intranet",  "lan",
                                                           "home",      "home.arpa", "invalid"};

bool has_numeric_end(std::string_view domain) {
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  return std::all_of(last.begin(), last.end(), is_digit);
}

}  // namespace

FieldIndex::FieldIndex(const HeaderList& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const HeaderField field = headers[i];
    const auto known =
        std::find_if(field_names.begin(), field_names.end(),
                     [&](std::string_view name) { return equal_ascii(name, field.name); });
    if (known != field_names.end()) {
      FieldUse& use = uses_[static_cast<std::size_t>(known - field_names.begin())];
      if (use.count++ == 0) use.value = field.value;
    }
    // Content-Length is no MIME field: mail stores write it.
    if (starts_with_ascii(field.name, "Content-") && !equal_ascii(field.name, "Content-Length")) {
      has_content_field_ = true;
    }
  }
}

Finding make_finding(Weight weight, std::string_view rule, std::string evidence, std::string fix,
                     Refusal refusal) {
  Finding finding;
  finding.rule = rule;
  finding.weight = weight;
  if (weight == Weight::violation) {
    finding.reply = {.code = refusal.code,
                     .enhanced = std::string(refusal.enhanced),
                     .text = fmt::format("{}: {}; {}", rule, evidence, fix)};
  }
  finding.evidence = std::move(evidence);
  finding.fix = std::move(fix);
  return finding;
}

Finding too_large(std::uint64_t size, const FormatConfig& config) {
  Finding finding = make_finding(Weight::violation, "format.size",
                                 fmt::format("{} octets, Apple takes {}", size, config.max_size),
                                 "send less, or a link to it", too_big);
  finding.prediction = "552 5.3.4 Message size exceeds fixed limit";
  return finding;
}

void Report::add(Finding finding) {
  const bool is_known = std::any_of(findings_.begin(), findings_.end(), [&](const Finding& known) {
    return known.rule == finding.rule;
  });
  if (!is_known) findings_.push_back(std::move(finding));
}

void Report::refuse(std::string_view rule, std::string evidence, std::string fix, Refusal refusal) {
  add(make_finding(Weight::violation, rule, std::move(evidence), std::move(fix), refusal));
}

void Report::refuse_bulk(std::string_view rule, std::string evidence, std::string fix,
                         Refusal refusal) {
  const Weight weight = facts.classification.is_bulk() ? Weight::violation : Weight::advice;
  add(make_finding(weight, rule, std::move(evidence), std::move(fix), refusal));
}

void Report::refuse_unless_notice(std::string_view rule, std::string evidence, std::string fix,
                                  Refusal refusal) {
  const bool is_notice =
      facts.envelope.reverse_path.is_null() && facts.classification.mail_class == MailClass::notice;
  add(make_finding(is_notice ? Weight::advice : Weight::violation, rule, std::move(evidence),
                   std::move(fix), refusal));
}

void Report::advise(std::string_view rule, std::string evidence, std::string fix) {
  add(make_finding(Weight::advice, rule, std::move(evidence), std::move(fix), bad_content));
}

void Report::predict(std::string_view rule, std::string_view reply) {
  for (Finding& finding : findings_) {
    if (finding.rule == rule) finding.prediction = reply;
  }
}

std::string Report::example_domain() const {
  if (facts.authors && !facts.authors->empty() && !domain_fault(facts.authors->front().domain)) {
    if (const auto domain = Domain::parse(facts.authors->front().domain)) return domain->text();
  }
  const auto& mailbox = facts.envelope.reverse_path.mailbox;
  return mailbox && !domain_fault(mailbox->domain().text()) ? mailbox->domain().text()
                                                            : "your.example";
}

std::string shown(const Error& error) { return for_log(error.text, shown_error_octets); }

std::string shown(std::string_view text) { return for_log(trim(text), shown_octets); }

std::optional<std::string> domain_fault(std::string_view domain) {
  if (domain.empty()) return "is missing";
  if (domain.starts_with('[')) return "is an address literal";
  const auto parsed = Domain::parse(domain);
  if (!parsed) return "is none (" + shown(parsed.error()) + ")";
  const std::string& name = parsed->text();
  // RFC 5321 §2.3.5: "Only resolvable, fully-qualified domain names (FQDNs) are permitted".
  for (const std::string_view ending : private_names) {
    if (name.ends_with(ending) &&
        (name.size() == ending.size() || name[name.size() - ending.size() - 1] == '.')) {
      return fmt::format("ends in \"{}\", which is in no public DNS", ending);
    }
  }
  if (name.find('.') == std::string::npos) return "has one label only";
  if (name.find('_') != std::string::npos) return "has an underscore";
  if (has_numeric_end(name)) return "ends in a number";
  return std::nullopt;
}

}  // namespace icm::format
