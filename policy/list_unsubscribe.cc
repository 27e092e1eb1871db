// SPDX-License-Identifier: Apache-2.0
//
// list_unsubscribe: does bulk mail offer one-click unsubscription, as RFC 2369 and RFC 8058 write
// it? Only the header is judged here; whether the link works is not our business.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/list_unsubscribe_signature.h"
#include "policy/message/list_headers.h"
#include "policy/message/uri.h"
#include "policy/policy.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

constexpr std::string_view unsubscribe_field = "List-Unsubscribe";
constexpr std::string_view post_field = "List-Unsubscribe-Post";
constexpr std::string_view one_click = "List-Unsubscribe=One-Click";  // RFC 8058 §3.1

// RFC 2369 §3.1 and §3.3 to §3.6: the other fields of URIs.
constexpr std::array<std::string_view, 5> other_fields = {"List-Archive", "List-Help", "List-Owner",
                                                          "List-Post", "List-Subscribe"};

// RFC 3463: 5.7.1, delivery not authorized, for what bulk mail owes; 5.6.0, a fault of the content,
// for what no mail may contain.
constexpr std::string_view owed = "5.7.1";
constexpr std::string_view malformed = "5.6.0";

std::string shown(std::string_view text) { return for_log(text, 80); }

// What a rule asks of bulk mail alone, or of the lists that people write to as well.
enum class Duty { of_bulk, of_any_list };

// One message under examination.
class Examination {
 public:
  explicit Examination(const Facts& facts)
      : facts_(facts), is_bulk_(facts.classification.is_bulk()), host_(example_host(facts)) {}

  Findings findings() && {
    examine_unsubscribe();
    examine_post();
    examine_list_id();
    for (const std::string_view name : other_fields) examine_other(name);
    return std::move(findings_);
  }

 private:
  // The domain that a fix is spelled with: the author's, so that it can be copied.
  static std::string example_host(const Facts& facts) {
    if (facts.authors && !facts.authors->empty()) {
      if (const auto domain = Domain::parse(facts.authors->front().domain)) return domain->text();
    }
    return "your.example";
  }

  std::string https_example() const { return fmt::format("<https://{}/unsubscribe/TOKEN>", host_); }
  std::string mailto_example() const {
    return fmt::format("<mailto:unsubscribe@{}?subject=TOKEN>", host_);
  }

  // Each rule is reported once, for the first place that breaks it.
  void report(Duty duty, std::string_view rule, std::string_view enhanced, std::string evidence,
              std::string fix) {
    if (!is_bulk_ && duty == Duty::of_bulk) return;
    add(is_bulk_ ? Weight::violation : Weight::advice, rule, enhanced, std::move(evidence),
        std::move(fix));
  }

  void advise(std::string_view rule, std::string evidence, std::string fix) {
    if (is_bulk_) add(Weight::advice, rule, owed, std::move(evidence), std::move(fix));
  }

  void add(Weight weight, std::string_view rule, std::string_view enhanced, std::string evidence,
           std::string fix) {
    const bool is_known = std::ranges::any_of(
        findings_, [&](const Finding& finding) { return finding.rule == rule; });
    if (is_known) return;
    Finding finding;
    finding.rule = rule;
    finding.weight = weight;
    if (weight == Weight::violation) {
      finding.reply = {.code = 550,
                       .enhanced = std::string(enhanced),
                       .text = fmt::format("{}: {}; {}", rule, evidence, fix)};
    }
    finding.evidence = std::move(evidence);
    finding.fix = std::move(fix);
    findings_.push_back(std::move(finding));
  }

  void examine_unsubscribe() {
    const std::vector<HeaderField> fields = facts_.headers.all(unsubscribe_field);
    if (fields.empty()) {
      if (facts_.header_overflow) return;  // it may be among what was cut off
      report(Duty::of_bulk, "list_unsubscribe.missing", owed,
             fmt::format("bulk mail ({}) without {}", shown(facts_.classification.reason),
                         unsubscribe_field),
             fmt::format("add \"{}: {}, {}\" (RFC 8058 section 3.1)", unsubscribe_field,
                         https_example(), mailto_example()));
      return;
    }
    if (fields.size() > 1) {
      report(Duty::of_any_list, "list_unsubscribe.repeated", malformed,
             fmt::format("{} {} fields", fields.size(), unsubscribe_field),
             "put all URIs into one field, with commas between (RFC 2369 section 3)");
    }
    const ListUrls list = parse_list_urls(fields.front().value);
    examine_list(list);
    examine_uris(list);
  }

  // The field's own grammar.
  void examine_list(const ListUrls& list) {
    if (list.is_no) {
      report(Duty::of_any_list, "list_unsubscribe.syntax", malformed,
             fmt::format("{} says NO", unsubscribe_field),
             fmt::format("write \"{}: {}, {}\" (RFC 2369 section 2)", unsubscribe_field,
                         https_example(), mailto_example()));
    } else if (list.fault && list.fault->kind == ListFault::Kind::no_brackets) {
      report(Duty::of_any_list, "list_unsubscribe.brackets-missing", malformed,
             fmt::format("{}: {}", unsubscribe_field, shown(list.fault->text)),
             "put each URI into angle brackets, with commas between (RFC 2369 section 2)");
    } else if (list.fault) {
      report(Duty::of_any_list, "list_unsubscribe.syntax", malformed,
             fmt::format("{}: {}", unsubscribe_field, shown(list.fault->text)),
             fmt::format("write \"{}: {}, {}\" (RFC 2369 section 2)", unsubscribe_field,
                         https_example(), mailto_example()));
    }
    for (const ListUrl& url : list.urls) {
      if (!url.had_blanks) continue;
      advise("list_unsubscribe.uri-blanks",
             fmt::format("blanks or a fold inside <{}>", shown(url.text)),
             "fold between URIs only: what is folded after signing breaks the signature");
    }
  }

  void examine_uris(const ListUrls& list) {
    std::vector<std::string_view> https;
    bool has_mailto = false;
    for (const ListUrl& url : list.urls) {
      const std::string scheme = scheme_of(url.text);
      if (scheme == "https") {
        https.push_back(url.text);
        examine_https(url.text);
      } else if (scheme == "http") {
        report(Duty::of_bulk, "list_unsubscribe.http-present", owed,
               fmt::format("<{}> is not https", shown(url.text)),
               "use https: no http URI may stand in the field (RFC 8058 section 3.1)");
      } else if (scheme == "mailto") {
        has_mailto = true;
        examine_mailto(url.text);
      } else if (const auto uri = Uri::parse(url.text); !uri) {
        report(Duty::of_any_list, "list_unsubscribe.syntax", malformed,
               fmt::format("<{}> is no URI: {}", shown(url.text), uri.error().text),
               "write absolute URIs (RFC 3986 section 4.3)");
      }
    }
    https_offered_ = !https.empty();
    // Behind a fault clients read nothing, and neither do we.
    unread_ = list.fault.has_value() || facts_.header_overflow;
    if (https.size() > 1) report_several(https);
    if (https.size() == 1) examine_target(https.front());
    if (!unread_ && https.empty()) {
      report(Duty::of_bulk, "list_unsubscribe.https-missing", owed,
             fmt::format("{} offers no https URI", unsubscribe_field),
             fmt::format("add {} to it (RFC 8058 section 3.1)", https_example()));
    }
    if (!unread_ && !has_mailto) {
      report(Duty::of_bulk, "list_unsubscribe.mailto-missing", owed,
             fmt::format("{} offers no mailto URI", unsubscribe_field),
             fmt::format("add {} to it: the unsubscribe button of Apple Mail writes to that "
                         "(RFC 2369 section 3.2)",
                         mailto_example()));
    }
  }

  void report_several(const std::vector<std::string_view>& https) {
    report(Duty::of_bulk, "list_unsubscribe.https-several", owed,
           fmt::format("{} https URIs, the second is <{}>", https.size(), shown(https[1])),
           "keep the one that takes the POST (RFC 8058 section 3.1)");
  }

  void examine_https(std::string_view text) {
    const auto uri = Uri::parse(text);
    const Status fault = uri ? check_https(*uri) : tl::make_unexpected(uri.error());
    if (fault) return;
    report(Duty::of_any_list, "list_unsubscribe.https-syntax", malformed,
           fmt::format("<{}>: {}", shown(text), fault.error().text),
           "write it as RFC 3986 and RFC 9110 section 4.2.2 do, other characters "
           "percent-encoded");
  }

  // Whether the one https URI can do its work.
  void examine_target(std::string_view text) {
    const auto uri = Uri::parse(text);
    if (!uri || !check_https(*uri)) return;
    if (uri->host.find('.') == std::string::npos || IpAddress::parse(uri->host)) {
      advise("list_unsubscribe.https-host",
             fmt::format("<{}>: \"{}\" is no public host name", shown(text), shown(uri->host)),
             "name a host that Apple's servers can reach and whose certificate they can check");
    }
    if (uri->fragment) {
      advise("list_unsubscribe.https-fragment",
             fmt::format("<{}>: what stands behind \"#\" is never sent to the server", shown(text)),
             "put it into the path or the query (RFC 9110 section 7.1)");
    }
    const bool is_bare = (uri->path.empty() || uri->path == "/") && !uri->query;
    if (is_bare) {
      advise("list_unsubscribe.uri-anonymous",
             fmt::format("<{}> names neither recipient nor list", shown(text)),
             fmt::format("use one URI per recipient, such as {} (RFC 8058 section 3.1)",
                         https_example()));
    } else if (facts_.envelope.recipients.size() > 1) {
      advise(
          "list_unsubscribe.several-recipients",
          fmt::format("{} recipients share <{}>", facts_.envelope.recipients.size(), shown(text)),
          "send each recipient a message with a URI of its own (RFC 8058 section 3.1)");
    }
  }

  void examine_mailto(std::string_view text) {
    const auto uri = Uri::parse(text);
    const auto mailboxes = uri ? parse_mailto(*uri) : tl::make_unexpected(uri.error());
    if (mailboxes) return;
    report(Duty::of_any_list, "list_unsubscribe.mailto-syntax", malformed,
           fmt::format("<{}>: {}", shown(text), shown(mailboxes.error().text)),
           fmt::format("write it as {} (RFC 6068 section 2)", mailto_example()));
  }

  void examine_post() {
    const std::vector<HeaderField> fields = facts_.headers.all(post_field);
    const std::string fix = fmt::format("write \"{}: {}\"", post_field, one_click);
    if (fields.empty()) {
      if (facts_.header_overflow) return;
      report(Duty::of_bulk, "list_unsubscribe.post-missing", owed,
             fmt::format("bulk mail without {}", post_field),
             fmt::format("add \"{}: {}\" (RFC 8058 section 3.1)", post_field, one_click));
      return;
    }
    if (fields.size() > 1) {
      report(Duty::of_any_list, "list_unsubscribe.post-repeated", malformed,
             fmt::format("{} {} fields", fields.size(), post_field),
             "keep one (RFC 8058 section 3.1)");
    }
    // Octet by octet: the pair is what the server gets as the body of the POST.
    const std::string value = unfold(fields.front().value);
    if (trim(value) != one_click) {
      report(Duty::of_any_list, "list_unsubscribe.post-value", malformed,
             fmt::format("{} says \"{}\"", post_field, shown(trim(value))),
             fmt::format("{} (RFC 8058 section 5)", fix));
    }
    if (!https_offered_ && !unread_) {
      report(
          Duty::of_any_list, "list_unsubscribe.post-without-https", owed,
          fmt::format("{} promises a POST, but {} has no https URI to send it to", post_field,
                      unsubscribe_field),
          fmt::format("add {} to {} (RFC 8058 section 3.1)", https_example(), unsubscribe_field));
    }
  }

  void examine_list_id() {
    const std::vector<HeaderField> fields = facts_.headers.all("List-Id");
    if (fields.empty()) return;
    report_repeated("List-Id", fields.size(), "RFC 2919 section 3");
    if (const auto id = parse_list_id(fields.front().value); !id) {
      report(Duty::of_any_list, "list_unsubscribe.list-id-syntax", malformed,
             fmt::format("List-Id: {}", shown(id.error().text)),
             fmt::format("write it as \"Name <news.list-id.{}>\" (RFC 2919 section 3)", host_));
    }
  }

  void report_repeated(std::string_view name, std::size_t count, std::string_view source) {
    if (count < 2) return;
    report(Duty::of_any_list, "list_unsubscribe.list-field-repeated", malformed,
           fmt::format("{} {} fields", count, name), fmt::format("keep one ({})", source));
  }

  void examine_other(std::string_view name) {
    const std::vector<HeaderField> fields = facts_.headers.all(name);
    if (fields.empty()) return;
    report_repeated(name, fields.size(), "RFC 2369 section 3");
    const ListUrls list = parse_list_urls(fields.front().value);
    const bool may_be_no = name == "List-Post";
    std::string fault;
    if (list.fault) fault = list.fault->text;
    if (list.is_no && !may_be_no) fault = "NO is for List-Post alone";
    for (const ListUrl& url : list.urls) {
      if (const auto uri = Uri::parse(url.text); !uri && fault.empty()) {
        fault = fmt::format("<{}> is no URI: {}", excerpt(url.text), uri.error().text);
      }
    }
    if (fault.empty()) return;
    report(Duty::of_any_list, "list_unsubscribe.list-field-syntax", malformed,
           fmt::format("{}: {}", name, for_log(fault, 120)),
           "write URIs in angle brackets, with commas between (RFC 2369 section 2)");
  }

  const Facts& facts_;
  const bool is_bulk_;
  const std::string host_;
  bool https_offered_ = false;
  bool unread_ = false;  // part of List-Unsubscribe could not be read
  Findings findings_;
};

// Of a mailing that nothing declares: it may as well be passwords that people wait for.
Findings advice_on_volume(const Classification& classification) {
  if (classification.alike == 0) return {};
  Finding finding;
  finding.rule = "list_unsubscribe.many-alike";
  finding.weight = Weight::advice;
  finding.evidence = fmt::format(
      "mail alike went to {} or more Apple recipients of late, and "
      "neither a stream nor a field says whether it is bulk",
      classification.alike);
  finding.fix =
      "declare its stream in milter.conf, kind: bulk or kind: transactional; a mailing needs "
      "List-Unsubscribe and List-Unsubscribe-Post (RFC 8058 section 3.1)";
  return {std::move(finding)};
}

class ListUnsubscribe final : public Policy {
 public:
  explicit ListUnsubscribe(const Config& config) : authentication_(config.authentication) {
    const auto& rules = config.list_unsubscribe.rules;
    const auto rule = rules.find("not-signed");
    asks_for_signature_ = rule == rules.end() || rule->second != Mode::off;
  }

  std::string_view name() const override { return "list_unsubscribe"; }
  AuthNeeds needs() const override {
    return {.sender = asks_for_signature_, .arc = false, .sealing = false};
  }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    const MailClass mail_class = facts.classification.mail_class;
    if (mail_class != MailClass::bulk && mail_class != MailClass::discussion) {
      return advice_on_volume(facts.classification);
    }
    Findings findings = Examination(facts).findings();
    // Of fields that are missing or stand twice their own rules speak.
    const bool has_both =
        facts.headers.count(unsubscribe_field) == 1 && facts.headers.count(post_field) == 1;
    if (mail_class == MailClass::bulk && has_both && !facts.header_overflow) {
      auto finding = examine_unsubscribe_signature(facts, authentication_, deadline);
      if (finding) findings.push_back(*std::move(finding));
    }
    return findings;
  }

 private:
  const AuthenticationConfig authentication_;
  bool asks_for_signature_;
};

}  // namespace

std::unique_ptr<Policy> make_list_unsubscribe(const Config& config, const PolicyMeans&) {
  return std::make_unique<ListUnsubscribe>(config);
}

}  // namespace icm
