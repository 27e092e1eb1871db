// SPDX-License-Identifier: Apache-2.0
//
// How findings of alignment are made.
#include "policy/alignment_report.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/dmarc_prediction.h"

namespace icm::alignment {
namespace {

std::string author_of(const Facts& facts) {
  const auto domain = author_domain(facts.authors);
  return domain ? *domain : std::string();
}

bool passes_everywhere(const Authentication& found) {
  return !found.spf.empty() && std::ranges::all_of(found.spf, [](const ClientSpf& each) {
    return each.result.status == SpfStatus::pass;
  });
}

// The HELO name that stands in for a null reverse-path may not be known either.
bool was_asked(const Authentication& found) {
  return std::ranges::any_of(found.spf,
                             [](const ClientSpf& each) { return !each.result.domain.empty(); });
}

Finding finding_of(Weight weight, const Said& said) {
  Finding finding;
  finding.rule = said.rule;
  finding.weight = weight;
  if (weight == Weight::violation) {
    finding.reply = {.code = said.refusal.code,
                     .enhanced = std::string(said.refusal.enhanced),
                     .text = fmt::format("{}: {}; {}", said.rule, said.evidence, said.fix)};
  }
  finding.evidence = said.evidence;
  finding.fix = said.fix;
  return finding;
}

// The mode that the configuration gives a rule, as a rank: a refusal for several failures must not
// rest on a rule that goes less far.
Mode mode_of(const AlignmentConfig& config, std::string_view rule) {
  const auto own = config.rules.find(std::string(rule.substr(rule.find('.') + 1)));
  return own != config.rules.end() ? own->second : config.mode;
}

std::string_view name_of(Check check) {
  switch (check) {
    case Check::spf:
      return "SPF";
    case Check::dkim:
      return "DKIM";
    case Check::dmarc:
      return "DMARC";
  }
  return "authentication";
}

}  // namespace

Report::Report(const Facts& message, const Config& settings, Deadline end)
    : facts(message),
      found(*message.authentication),
      config(settings.alignment),
      deadline(end),
      look(message, settings.authentication, end),
      author(author_of(message)),
      is_bounce(message.envelope.reverse_path.is_null() && !message.classification.is_bulk()),
      spf_known(was_asked(found)),
      spf_passes(passes_everywhere(found)),
      dkim_passes(std::ranges::any_of(
          found.dkim, [this](const DkimResult& each) { return is_acceptable(each); })) {}

bool Report::is_acceptable(const DkimResult& signature) const {
  if (signature.status != DkimStatus::pass || !signature.tags) return false;
  const bool is_rsa = signature.tags->algorithm == SignatureAlgorithm::rsa_sha256;
  return !(is_rsa && signature.key_bits < config.min_key_bits) &&
         !signature.leaves_body_uncovered() && signature.coverage(facts.headers, "From").whole();
}

bool Report::needs(Check check) const {
  if (both_required()) return true;
  switch (check) {
    case Check::spf:
      return !dkim_passes;
    // What was not asked cannot be counted on, nor held against the message.
    case Check::dkim:
      return spf_known && !spf_passes;
    case Check::dmarc:
      return !is_bounce;
  }
  return true;
}

bool Report::is_open(Check check) const {
  switch (check) {
    case Check::spf:
      return found.weakest_spf().status == SpfStatus::temp_error;
    case Check::dkim:
      return !dkim_passes && std::ranges::any_of(found.dkim, [](const DkimResult& each) {
        return each.status == DkimStatus::temp_error;
      });
    case Check::dmarc:
      return false;
  }
  return false;
}

bool Report::is_known(std::string_view rule) const {
  return std::ranges::any_of(findings_,
                             [&](const Finding& finding) { return finding.rule == rule; });
}

void Report::refuse(Check check, Said said) {
  const Check other = check == Check::spf ? Check::dkim : Check::spf;
  refuse_if(needs(check) && (both_required() || !is_open(other)), check, std::move(said));
}

void Report::refuse_if(bool owed, Check check, Said said) {
  if (!owed) return advise(said.rule, std::move(said.evidence), std::move(said.fix));
  if (is_known(said.rule)) return;
  Finding finding = finding_of(Weight::violation, said);
  look.dispute(finding, said.disputed);
  failures_.push_back({check, findings_.size()});
  findings_.push_back(std::move(finding));
}

void Report::defer(Check check, Said said) {
  if (!needs(check) || config.on_error == OnError::accept) {
    return advise(said.rule, std::move(said.evidence), std::move(said.fix));
  }
  if (is_known(said.rule)) return;
  Finding finding = finding_of(Weight::violation, said);
  finding.wish = Disposition::defer;
  look.dispute(finding, said.disputed);
  findings_.push_back(std::move(finding));
}

void Report::advise(std::string_view rule, std::string evidence, std::string fix) {
  if (is_known(rule)) return;
  findings_.push_back(
      finding_of(Weight::advice, {rule, not_authorized, std::move(evidence), std::move(fix), {}}));
}

// RFC 7372 §3.4: one code when more than one mechanism failed. It stands first, so that it is the
// reply; whoever lets one of the mechanisms go gets the other's own.
void Report::add_several() {
  constexpr std::string_view rule = "alignment.several";
  std::vector<std::string> checks;
  std::string disputed;
  std::string fix;
  std::size_t undisputed = 0;
  for (const Check check : {Check::spf, Check::dkim, Check::dmarc}) {
    const auto counts = [&](const Failure& failure) {
      return failure.check == check &&
             mode_of(config, findings_[failure.finding].rule) >= mode_of(config, rule);
    };
    const auto failure = std::ranges::find_if(failures_, counts);
    if (failure == failures_.end()) continue;
    const Finding& finding = findings_[failure->finding];
    checks.push_back(
        fmt::format("{} ({})", name_of(check), finding.rule.substr(finding.rule.find('.') + 1)));
    fix += fmt::format("{}{}", fix.empty() ? "" : "; ", finding.fix);
    if (finding.disputed.empty()) {
      ++undisputed;
    } else if (disputed.empty()) {
      disputed = finding.disputed;
    }
  }
  if (checks.size() < 2) return;
  Said said{rule, several_failed, fmt::format("{} failed", listed(checks)), std::move(fix), {}};
  Finding finding = finding_of(Weight::violation, said);
  if (undisputed < 2) finding.disputed = disputed;
  findings_.insert(findings_.begin(), std::move(finding));
}

std::string Report::prediction() const {
  const bool any_signature_passes = std::ranges::any_of(
      found.dkim, [](const DkimResult& each) { return each.status == DkimStatus::pass; });
  const bool any_key_is_late = std::ranges::any_of(
      found.dkim, [](const DkimResult& each) { return each.status == DkimStatus::temp_error; });
  const SpfStatus spf = found.weakest_spf().status;
  const bool spf_refused = spf_known && spf != SpfStatus::pass && spf != SpfStatus::temp_error;
  if (spf_refused && !any_signature_passes && !any_key_is_late) {
    return "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM "
           "authentication checks";
  }
  const DmarcVerdict& verdict = found.dmarc.by(
      config.dmarc == DmarcReading::rfc9989 ? DmarcStandard::rfc9989 : DmarcStandard::rfc7489);
  return spf_known ? dmarc_prediction(verdict, author) : std::string();
}

Findings Report::take() && {
  add_several();
  const std::string answer = prediction();
  for (Finding& finding : findings_) {
    if (finding.weight != Weight::violation) continue;
    const bool is_settled = finding.reply.code >= 500;  // of a lookup that failed nothing follows
    finding.prediction = answer.empty() && is_settled ? std::string(no_answer_known) : answer;
  }
  return std::move(findings_);
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min(names.size(), names_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == names.size();
    text += fmt::format("{}{}", i == 0 ? "" : is_last ? " and " : ", ", names[i]);
  }
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace icm::alignment
