// SPDX-License-Identifier: Apache-2.0
//
// libopendmarc's opinion: does the record apply, and is one of the passes aligned? It is asked
// about one authenticated name at a time, since the order of several changes its verdict, and not
// where it is known to align wrongly.

#include <algorithm>
#include <functional>

#include <sys/param.h>
#include <sys/types.h>

#include <netinet/in.h>

#include <opendmarc/dmarc.h>

#include "policy/auth/second_opinion.h"
#include "policy/auth/tag_list.h"
#include "policy/base/domain.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_record = 500;  // its buffers for a tag have 512 octets
constexpr std::size_t max_uri = 250;     // and 256 for one address

std::string wrong_about(std::string_view what) {
  return fmt::format("libopendmarc is known to be wrong about {}", what);
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return equal_ascii(value, word); });
}

bool is_short_list(std::string_view value) {
  const auto uris = split(value, ',');
  return std::ranges::all_of(uris, [](auto uri) { return uri.size() <= max_uri; });
}

// RFC 7489 §6.3: what is wrong in a tag other than v= and p= is ignored; libopendmarc throws the
// whole record away, or takes the beginning of a word for the word.
bool is_plain(std::string_view name, std::string_view value) {
  if (is_one_of(name, {"p", "sp"})) return is_one_of(value, {"none", "quarantine", "reject"});
  if (is_one_of(name, {"adkim", "aspf"})) return is_one_of(value, {"r", "s"});
  if (is_one_of(name, {"rua", "ruf"})) return is_short_list(value);
  if (equal_ascii(name, "rf")) return equal_ascii(value, "afrf");
  if (equal_ascii(name, "ri")) return value.size() < 10 && parse_number(value).has_value();
  if (equal_ascii(name, "pct")) return parse_number(value).value_or(101) <= 100;
  if (equal_ascii(name, "fo")) {
    const auto options = split(value, ':');
    return std::ranges::all_of(options, [](auto option) {
      return is_one_of(option, {"0", "1", "d", "s"});
    });
  }
  return true;
}

// "" when libopendmarc reads the record as it stands.
std::string objection_to(const DmarcRecord& record) {
  if (record.text.size() > max_record)
    return fmt::format("the record has more than {} octets", max_record);
  if (!is_printable(record.text)) return wrong_about("records that are not ASCII");
  if (!record.policy || record.has_invalid_policy) return wrong_about("records without a valid p=");
  std::vector<std::string_view> seen;
  for (const std::string_view tag : split(record.text, ';')) {
    if (trim(tag).empty()) continue;
    const auto equals = tag.find('=');
    const std::string_view name = trim(tag.substr(0, equals));
    if (equals == std::string_view::npos || name.empty())
      return wrong_about("tags without a value");
    // It takes blanks out of the middle of a name, too.
    if (!std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c); }))
      return wrong_about("names of tags with other than letters and digits");
    if (std::ranges::any_of(seen, [&](auto other) { return equal_ascii(other, name); }))
      return wrong_about(fmt::format("{}= given twice", name));
    seen.push_back(name);
    if (!is_plain(name, trim(tag.substr(equals + 1))))
      return wrong_about(fmt::format("this value of {}=", name));
  }
  return {};
}

bool is_below(std::string_view name, std::string_view ancestor) {
  return name.size() > ancestor.size() && name.ends_with(ancestor) &&
         name[name.size() - ancestor.size() - 1] == '.';
}

std::string_view last_two_labels(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return name;
  const auto before = name.rfind('.', dot - 1);
  return before == std::string_view::npos ? name : name.substr(before + 1);
}

bool has_short_organization(std::string_view name) { return last_two_labels(name).find('.') == 1; }

// Without a list of suffixes it holds the last two labels for the organization (the last one, when
// the other is a single letter), and strict alignment knows siblings and parents: names that have
// nothing in common are what it can tell apart.
bool looks_related(std::string_view a, std::string_view b) {
  if (is_below(a, b) || is_below(b, a) || last_two_labels(a) == last_two_labels(b)) return true;
  return (has_short_organization(a) || has_short_organization(b)) &&
         a.substr(a.rfind('.') + 1) == b.substr(b.rfind('.') + 1);
}

// "" when libopendmarc can tell whether the two names are aligned; `same` is what they are.
std::string objection_to_alignment(std::string_view name, std::string_view author, bool is_strict,
                                   bool same) {
  if (same && name != author && !is_below(name, author) && !is_below(author, name))
    return wrong_about("siblings of one organization");
  if (same || !looks_related(name, author)) return {};
  return wrong_about(is_strict ? "strict alignment of related names"
                               : "names of different organizations with a common suffix");
}

struct Freeing {
  void operator()(DMARC_POLICY_T* policy) const { opendmarc_policy_connect_shutdown(policy); }
};
using Policy = std::unique_ptr<DMARC_POLICY_T, Freeing>;

unsigned char* octets(const std::string& text) {  // the library takes no const, and copies
  return const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.c_str()));
}

// The record before the library, with nothing authenticated yet; null when it refuses it.
Policy policy_of(const DmarcRecord& record, const DmarcResult& ours, const DmarcVerdict& verdict) {
  Policy policy(opendmarc_policy_connect_init(octets("192.0.2.1"), /*is_ipv6=*/0));
  if (!policy) return policy;
  opendmarc_policy_store_from_domain(policy.get(), octets(ours.author_domain));
  // With an organizational domain sp= applies, so it is told only when that is so.
  const std::string& organization = verdict.organizational_domain;
  const bool is_inherited = verdict.record_domain != ours.author_domain && !organization.empty();
  const int stored =
      opendmarc_policy_store_dmarc(policy.get(), octets(record.text), octets(ours.author_domain),
                                   is_inherited ? octets(organization) : nullptr);
  if (stored != DMARC_PARSE_OKAY) policy.reset();
  return policy;
}

// A name that passed, and how it has to be aligned.
struct Identifier {
  std::string domain;
  DmarcAlignment mode = DmarcAlignment::relaxed;
  bool is_spf = false;
};

std::vector<Identifier> passes_of(const DmarcInput& input, const DmarcRecord& record) {
  std::vector<Identifier> passes;
  const auto spf = Domain::parse(input.spf.domain);
  if (spf && input.spf.status == SpfStatus::pass)
    passes.push_back({.domain = spf->text(), .mode = record.spf, .is_spf = true});
  for (const DkimResult& signature : input.dkim) {
    if (signature.status == DkimStatus::pass)
      passes.push_back({.domain = signature.domain, .mode = record.dkim});
  }
  return passes;
}

// What the verdict's own standard says about organizations; nullopt when the DNS did not say.
std::optional<std::string> organization_of(const std::string& name, DmarcStandard standard,
                                           AuthSources& sources, Deadline deadline) {
  if (standard == DmarcStandard::rfc7489) return sources.suffixes.organizational_domain(name);
  const TreeWalk walk = walk_tree(name, sources.dmarc, deadline);
  if (walk.temporary) return std::nullopt;
  return walk.organizational_domain;
}

int enforced(DMARC_POLICY_T* policy, const Identifier* identifier) {
  if (identifier != nullptr && identifier->is_spf) {
    opendmarc_policy_store_spf(policy, octets(identifier->domain), DMARC_POLICY_SPF_OUTCOME_PASS,
                               DMARC_POLICY_SPF_ORIGIN_MAILFROM, nullptr);
  } else if (identifier != nullptr) {
    opendmarc_policy_store_dkim(policy, octets(identifier->domain), octets("s"),
                                DMARC_POLICY_DKIM_OUTCOME_PASS, nullptr);
  }
  return opendmarc_get_policy_to_enforce(policy);
}

std::string_view policy_word(int status) {
  switch (status) {
    case DMARC_POLICY_REJECT:
      return "reject";
    case DMARC_POLICY_QUARANTINE:
      return "quarantine";
    default:
      return "none";
  }
}

}  // namespace

SecondOpinion ask_libopendmarc(const DmarcInput& input, const DmarcResult& ours,
                               DmarcStandard standard, AuthSources& sources, Deadline deadline) {
  const DmarcVerdict& verdict = ours.by(standard);
  if (ours.author_domain.empty()) return SecondOpinion::not_asked("there is no author domain");
  if (ours.author_domain.find('_') != std::string::npos)
    return SecondOpinion::not_asked(wrong_about("names with an underscore"));
  if (verdict.record_domain.empty()) return SecondOpinion::not_asked("there is no record");
  if (verdict.status == DmarcStatus::temp_error) return SecondOpinion::not_asked(verdict.reason);
  const auto answer = sources.dmarc.find(verdict.record_domain, deadline);
  if (answer->status != DmarcAnswer::Status::found)
    return SecondOpinion::not_asked("there is no record any more");
  const DmarcRecord& record = answer->record;
  if (auto objection = objection_to(record); !objection.empty())
    return SecondOpinion::not_asked(objection);
  std::string objection;
  for (const Identifier& pass : passes_of(input, record)) {
    if (pass.domain.find('_') != std::string::npos) {
      objection = wrong_about("names with an underscore");
      continue;
    }
    const bool is_strict = pass.mode == DmarcAlignment::strict;
    const auto theirs = organization_of(pass.domain, standard, sources, deadline);
    if (!theirs && !is_strict && pass.domain != ours.author_domain) {
      objection = "a lookup failed";
      continue;
    }
    const bool same = pass.domain == ours.author_domain ||
                      (!is_strict && *theirs == verdict.organizational_domain);
    if (auto wrong = objection_to_alignment(pass.domain, ours.author_domain, is_strict, same);
        !wrong.empty()) {
      objection = wrong;
      continue;
    }
    const Policy policy = policy_of(record, ours, verdict);
    if (policy && enforced(policy.get(), &pass) == DMARC_POLICY_PASS)
      return {.result = "pass", .reason = fmt::format("{} is aligned", for_log(pass.domain))};
  }
  if (!objection.empty()) return SecondOpinion::not_asked(objection);
  const Policy policy = policy_of(record, ours, verdict);
  if (!policy) return {.result = "none", .reason = "libopendmarc does not accept the record"};
  return {.result = "fail",
          .reason = fmt::format("policy {}", policy_word(enforced(policy.get(), nullptr)))};
}

}  // namespace icm
