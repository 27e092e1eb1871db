// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_lint.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

// RFC 7208 §3.4: "if the combined length of the DNS name and the text of all the records of a given
// type is under 450 octets, then DNS answers ought to fit in UDP packets" of 512.
constexpr std::size_t comfortable_answer = 450;
constexpr std::size_t udp_answer = 512;

class Linter {
 public:
  std::vector<SpfLint> run(const SpfBudget& budget) {
    check_numbers(budget);
    for (const SpfBudget::Record& record : budget.records)
      check(record, /*is_first=*/&record == &budget.records.front(), budget);
    for (const SpfBranch& branch : budget.branches) {
      if (!branch.problem.empty())
        add(is_unfetched(branch, budget) ? SpfLintKind::unfetched_branch
                                         : SpfLintKind::broken_branch,
            branch.domain, fmt::format("{}: {}", for_log(branch.term), branch.problem));
    }
    return std::move(found_);
  }

 private:
  void add(SpfLintKind kind, const std::string& domain, std::string text) {
    found_.push_back({.kind = kind, .domain = domain, .text = std::move(text)});
  }

  static bool is_unfetched(const SpfBranch& branch, const SpfBudget& budget) {
    const auto record =
        std::ranges::find(budget.records, branch.target, &SpfBudget::Record::domain);
    return record != budget.records.end() && !record->publication.record &&
           record->publication.status == SpfStatus::temp_error;
  }

  void check_numbers(const SpfBudget& budget) {
    if (budget.records.empty()) return;
    const std::string& domain = budget.records.front().domain;
    if (budget.lookups > spf_max_lookups) {
      add(SpfLintKind::lookups, domain,
          fmt::format("the record tree needs {} lookups, receivers stop at {} with a permerror: "
                      "replace include, a and mx by ip4 and ip6",
                      budget.lookups, spf_max_lookups));
    } else if (budget.lookups == spf_max_lookups) {
      add(SpfLintKind::lookups, domain,
          fmt::format("the record tree needs all {} lookups that receivers allow: one more in "
                      "anybody's record breaks it",
                      spf_max_lookups));
    }
    if (budget.void_lookups > spf_max_void_lookups) {
      add(SpfLintKind::void_lookups, domain,
          fmt::format("{} terms name what does not exist, receivers stop at {} with a permerror: "
                      "remove them",
                      budget.void_lookups, spf_max_void_lookups));
    }
  }

  void check(const SpfBudget::Record& record, bool is_first, const SpfBudget& budget) {
    const SpfPublication& publication = record.publication;
    if (!publication.record) {
      // Of an included record its branch tells.
      if (publication.records > 1) {
        add(SpfLintKind::several_records, record.domain,
            fmt::format("{}: a permerror for every client; merge them into one",
                        publication.problem));
      } else if (publication.records == 1) {
        add(SpfLintKind::syntax, record.domain, publication.problem);
      } else if (is_first) {
        add(SpfLintKind::no_record, record.domain, publication.problem);
      }
      return;
    }
    check_size(record.domain, publication.answer_size);
    check_mechanisms(record.domain, *publication.record);
    const bool is_redirected_to =
        std::ranges::any_of(budget.branches, [&](const SpfBranch& branch) {
          return branch.target == record.domain && branch.depth == 0 &&
                 starts_with_ascii(branch.term, "redirect=");
        });
    if (is_first || is_redirected_to) check_end(record.domain, *publication.record);
  }

  void check_size(const std::string& domain, std::size_t size) {
    if (size <= comfortable_answer) return;
    add(SpfLintKind::long_record, domain,
        fmt::format("name and TXT records have {} octets together: {} (RFC 7208 section 3.4)", size,
                    size > udp_answer ? "they do not fit a DNS answer of 512 octets"
                                      : "under 450 they fit a DNS answer of 512"));
  }

  // The mechanism in front of `mechanism` that matches all that it can match.
  static const SpfMechanism* said_before(const SpfRecord& record, const SpfMechanism& mechanism) {
    for (const SpfMechanism& earlier : record.mechanisms) {
      if (&earlier == &mechanism) return nullptr;
      const bool covers =
          earlier.network && mechanism.network && earlier.network->contains(*mechanism.network);
      if (covers || equal_ascii(without_qualifier(earlier), without_qualifier(mechanism)))
        return &earlier;
    }
    return nullptr;
  }

  static std::string_view without_qualifier(const SpfMechanism& mechanism) {
    const std::string_view text = mechanism.text;
    return text.substr(std::min(text.find_first_not_of("+-~?"), text.size()));
  }

  void check_mechanisms(const std::string& domain, const SpfRecord& record) {
    bool after_all = false;
    for (const SpfMechanism& mechanism : record.mechanisms) {
      const std::string term = for_log(mechanism.text, 80);
      if (after_all)
        add(SpfLintKind::unreachable, domain,
            fmt::format("{} stands behind all and is never looked at", term));
      if (const SpfMechanism* const first = said_before(record, mechanism); first && !after_all)
        add(SpfLintKind::unreachable, domain,
            fmt::format("{} matches nobody whom {} has not matched before it", term,
                        for_log(first->text, 80)));
      if (mechanism.kind == SpfMechanism::Kind::ptr)
        add(SpfLintKind::ptr, domain,
            fmt::format("{} is slow, unreliable and must not be published (RFC 7208 section 5.5); "
                        "name the addresses",
                        term));
      if (mechanism.kind != SpfMechanism::Kind::all) continue;
      if (mechanism.qualifier == SpfQualifier::pass && !after_all)
        add(SpfLintKind::passes_everybody, domain,
            fmt::format("{} lets the whole world send for {}; end with ~all or -all", term,
                        domain));
      after_all = true;
    }
    if (after_all && record.redirect)
      add(SpfLintKind::unreachable, domain,
          "redirect= beside all is never followed (RFC 7208 section 6.1)");
  }

  void check_end(const std::string& domain, const SpfRecord& record) {
    const bool has_all = std::ranges::any_of(record.mechanisms, [](const SpfMechanism& mechanism) {
      return mechanism.kind == SpfMechanism::Kind::all;
    });
    if (!has_all && !record.redirect)
      add(SpfLintKind::no_all, domain,
          "without all or redirect= everybody else is neutral; end with ~all or -all");
  }

  std::vector<SpfLint> found_;
};

}  // namespace

std::string_view to_string(SpfLintKind kind) {
  switch (kind) {
    case SpfLintKind::no_record:
      return "no_record";
    case SpfLintKind::several_records:
      return "several_records";
    case SpfLintKind::syntax:
      return "syntax";
    case SpfLintKind::lookups:
      return "lookups";
    case SpfLintKind::void_lookups:
      return "void_lookups";
    case SpfLintKind::broken_branch:
      return "broken_branch";
    case SpfLintKind::unfetched_branch:
      return "unfetched_branch";
    case SpfLintKind::passes_everybody:
      return "passes_everybody";
    case SpfLintKind::ptr:
      return "ptr";
    case SpfLintKind::unreachable:
      return "unreachable";
    case SpfLintKind::no_all:
      return "no_all";
    case SpfLintKind::long_record:
      return "long_record";
  }
  return "invalid";
}

std::vector<SpfLint> lint_spf(const SpfBudget& budget) { return Linter().run(budget); }

}  // namespace icm
