// SPDX-License-Identifier: Apache-2.0
//
// Who sends: From, Sender, the other addresses of the header, and the envelope sender.
#include "policy/base/text.h"
#include "policy/format_report.h"
#include "policy/message/encoded_word.h"

namespace icm::format {
namespace {

// RFC 5321 §4.5.3.1.1. Objects that are larger "SHOULD be avoided", no more: addresses that carry
// the recipient's (VERP) reach that far, and servers take them.
constexpr std::size_t longest_local = 64;
// RFC 5321 §4.5.3.1.3: 256 with the angle brackets. A server may refuse what is longer
// (§4.5.3.1.10), and no bounce would find its way back.
constexpr std::size_t longest_path = 254;
constexpr std::string_view shorter_address = "use one of at most 64 (RFC 5321 section 4.5.3.1.1)";

// An address of another domain in the display name; empty when it shows none. A subdomain of the
// address, or what it is a subdomain of, is no other domain.
std::string foreign_address(const Address& author) {
  const auto own = Domain::parse(author.domain);
  if (!own) return {};
  const std::string name = decode_encoded_words(author.display_name);
  for (std::size_t at = name.find('@'); at != std::string::npos; at = name.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && (is_atext(name[begin - 1]) || name[begin - 1] == '.')) --begin;
    std::size_t end = at + 1;
    while (end < name.size() &&
           (is_alpha(name[end]) || is_digit(name[end]) || name[end] == '-' || name[end] == '.')) {
      ++end;
    }
    std::string_view domain_text = std::string_view(name).substr(at + 1, end - at - 1);
    while (domain_text.ends_with('.')) domain_text.remove_suffix(1);
    const auto domain = Domain::parse(domain_text);
    if (begin == at || !domain || domain->text().find('.') == std::string::npos) continue;
    if (domain->is_within(*own) || own->is_within(*domain)) continue;
    return name.substr(begin, at - begin + 1) + std::string(domain_text);
  }
  return {};
}

void examine_from_addresses(Report& report, const std::vector<Address>& authors) {
  if (authors.size() > 1) {
    report.refuse_bulk("format.from-several", fmt::format("From has {} addresses", authors.size()),
                       "leave one: what DMARC makes of several is not defined (RFC 5322 section "
                       "3.6.2)");
    if (report.is_missing(Field::sender)) {
      report.refuse("format.sender-missing",
                    fmt::format("From has {} addresses and there is no Sender", authors.size()),
                    "add a Sender field with the one who sent it (RFC 5322 section 3.6.2)");
    }
  }
  for (const Address& author : authors) {
    if (!author.in_group) continue;
    report.refuse_bulk("format.from-group",
                       fmt::format("From holds the group \"{}\"", shown(author.group)),
                       "write the address without a group around it (RFC 6854 section 3)");
    break;
  }
  for (const Address& author : authors) {
    const std::string foreign = foreign_address(author);
    if (foreign.empty()) continue;
    report.refuse_bulk("format.from-display-name",
                       fmt::format("the display name shows {}, the address is {}", shown(foreign),
                                   shown(author.text())),
                       "write a name, not an address of another domain");
    break;
  }
}

void examine_from_domains(Report& report, const std::vector<Address>& authors) {
  for (const Address& author : authors) {
    if (const auto fault = domain_fault(author.domain)) {
      report.refuse("format.address-domain",
                    fmt::format("From address {}: the domain {}", shown(author.text()), *fault),
                    "write an address of a domain that is in DNS (RFC 5321 section 2.3.5)");
      break;
    }
  }
  for (const Address& author : authors) {
    if (author.local.size() <= longest_local) continue;
    report.refuse_bulk("format.address-length",
                       fmt::format("From address {} has {} octets before \"@\"",
                                   shown(author.text()), author.local.size()),
                       std::string(shorter_address));
    break;
  }
}

// What can be said of From when it is there.
void examine_from(Report& report) {
  const FieldUse& from = report.fields[Field::from];
  if (from.count > 1) {
    report.refuse("format.from-repeated", fmt::format("{} From fields", from.count),
                  "keep one; several authors stand in one field (RFC 5322 section 3.6)");
    return;  // which of them counts is anybody's guess
  }
  const auto& authors = report.facts.authors;
  if (!authors || authors->empty()) {
    const std::string fault =
        authors ? "names nobody"
                : fmt::format("is \"{}\": {}", shown(from.value), shown(authors.error()));
    report.refuse("format.from-syntax", "From " + fault,
                  fmt::format("write \"From: Name <name@{}>\", with quotes around a name that has "
                              "more than letters and digits (RFC 5322 section 3.4)",
                              report.example_domain()));
    return;
  }
  examine_from_addresses(report, *authors);
  examine_from_domains(report, *authors);
}

// The other fields of addresses: their faults alone break no rule of Apple's.
struct ParsedField {
  Field field;
  Result<std::vector<Address>> addresses;
};

std::vector<ParsedField> parse_others(const Report& report) {
  std::vector<ParsedField> parsed;
  for (const Field field : {Field::sender, Field::reply_to, Field::to, Field::cc}) {
    const FieldUse& use = report.fields[field];
    if (use.present()) parsed.push_back({field, parse_address_list(use.value)});
  }
  return parsed;
}

void examine_others(Report& report, const std::vector<ParsedField>& others) {
  for (const auto& [field, addresses] : others) {
    std::string fault;
    if (!addresses) {
      // RFC 5322 §3.6.3 lets none of them be empty; "To:" without anything is recipients-missing.
      if (trim(report.fields[field].value).empty()) continue;
      fault =
          fmt::format("is \"{}\": {}", shown(report.fields[field].value), shown(addresses.error()));
    } else if (field == Field::sender && addresses->size() != 1) {
      fault = fmt::format("holds {} addresses, one is allowed", addresses->size());
    } else {
      continue;
    }
    report.advise("format.address-syntax", fmt::format("{} {}", name_of(field), fault),
                  "separate addresses by commas and quote names (RFC 5322 section 3.4)");
    return;
  }
}

const Address* first_obsolete(const Result<std::vector<Address>>& addresses) {
  if (!addresses) return nullptr;
  for (const Address& address : *addresses) {
    if (address.obsolete_syntax) return &address;
  }
  return nullptr;
}

// RFC 5322 §4: "these ... MUST NOT be generated". Who sends must be beyond doubt; among recipients
// a blank too many does no harm.
void examine_obsolete(Report& report, const std::vector<ParsedField>& others) {
  constexpr std::string_view rule = "format.address-obsolete";
  const std::string fix =
      "write addresses without routes, and without blanks, comments or empty elements around their "
      "parts (RFC 5322 section 4.4)";
  const auto evidence = [](Field field, const Address& address) {
    return fmt::format("{} has obsolete syntax around {}", name_of(field), shown(address.text()));
  };
  if (const Address* author = first_obsolete(report.facts.authors)) {
    report.refuse(rule, evidence(Field::from, *author), fix);
    return;
  }
  for (const auto& [field, addresses] : others) {
    const Address* address = first_obsolete(addresses);
    if (address == nullptr) continue;
    if (field == Field::sender) {
      report.refuse(rule, evidence(field, *address), fix);
    } else {
      report.advise(rule, evidence(field, *address), fix);
    }
    return;
  }
}

void examine_quoting(Report& report) {
  if (!report.facts.authors) return;
  for (const Address& author : *report.facts.authors) {
    // Quotes around an encoded word would show it as it stands (RFC 2047 §5).
    if (!author.unquoted_dot || author.display_name.find("=?") != std::string::npos) continue;
    report.advise(
        "format.address-quoting",
        fmt::format("the display name {} has a dot outside quotes", shown(author.display_name)),
        fmt::format("write \"\\\"{}\\\" <{}>\" (RFC 5322 section 4.1)", shown(author.display_name),
                    shown(author.text())));
    return;
  }
}

// The local part is longer than RFC 5321 lets it be, whatever else is wrong with the address.
bool has_long_local(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at != std::string_view::npos && at > longest_local;
}

}  // namespace

void examine_authors(Report& report) {
  if (report.fields[Field::from].present()) {
    examine_from(report);
  } else if (!report.facts.header_overflow) {
    report.refuse("format.from-missing", "there is no From field",
                  fmt::format("add \"From: Name <name@{}>\" (RFC 5322 section 3.6)",
                              report.example_domain()));
  }
  const std::vector<ParsedField> others = parse_others(report);
  examine_obsolete(report, others);
  examine_others(report, others);
  examine_quoting(report);
}

void examine_envelope(Report& report) {
  const ReversePath& path = report.facts.envelope.reverse_path;
  const std::size_t recipients = report.facts.envelope.recipients.size();
  if (path.is_null()) {
    if (report.facts.classification.is_bulk()) {
      report.refuse(
          "format.null-sender-bulk",
          fmt::format("bulk mail ({}) from <>", shown(report.facts.classification.reason)),
          "send it from an address that takes bounces; <> is for notices (RFC 5321 "
          "section 4.5.5)",
          not_authorized);
    } else if (recipients > 1) {
      // Not a violation: an alias behind a bounce's one recipient may have become several.
      report.advise("format.null-sender-several",
                    fmt::format("a message from <> to {} recipients", recipients),
                    "send notices one by one (RFC 5321 section 4.5.5)");
    }
    return;
  }
  if (!path.mailbox && path.text.size() > longest_path) {
    report.refuse(
        "format.address-length",
        fmt::format("envelope sender {} has {} octets", shown(path.text), path.text.size()),
        "use one of at most 254 (RFC 5321 section 4.5.3.1.3)", bad_sender_syntax);
    return;
  }
  if (!path.mailbox && has_long_local(path.text)) {
    report.refuse_bulk("format.address-length",
                       fmt::format("envelope sender {} has {} octets before \"@\"",
                                   shown(path.text), path.text.rfind('@')),
                       std::string(shorter_address), bad_sender_syntax);
  } else if (!path.mailbox) {
    const auto parsed = Mailbox::parse(path.text);
    report.refuse("format.envelope-sender",
                  "envelope sender: " + (parsed ? "is no mailbox" : shown(parsed.error())),
                  "send from an address of a domain that is in DNS (RFC 5321 section 4.1.2)",
                  bad_sender_syntax);
    return;
  }
  const std::string domain =
      path.mailbox ? path.mailbox->domain().text() : path.text.substr(path.text.rfind('@') + 1);
  if (const auto fault = domain_fault(domain)) {
    report.refuse("format.envelope-sender",
                  fmt::format("envelope sender {}: the domain {}", shown(path.text), *fault),
                  "send from an address of a domain that is in DNS, where bounces can go (RFC 5321 "
                  "section 2.3.5)",
                  bad_sender_domain);
    report.predict(
        "format.envelope-sender",
        fmt::format("450 4.1.8 <{}>: Sender address rejected: Domain not found", shown(path.text)));
  }
}

}  // namespace icm::format
