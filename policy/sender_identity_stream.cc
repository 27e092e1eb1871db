// SPDX-License-Identifier: Apache-2.0
//
// sender_identity, streams: name, address and domains of a message are those of its stream, and of
// no other; marketing and transactional mail stay apart.
#include <algorithm>
#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/message/encoded_word.h"
#include "policy/organization.h"
#include "policy/sender_identity_report.h"

namespace icm::sender_identity {
namespace {

using Streams = std::vector<const StreamConfig*>;
using DomainsOf = std::vector<Domain> StreamConfig::*;

bool declares(const std::vector<Domain>& domains, std::string_view name) {
  return std::ranges::any_of(domains, [&](const Domain& each) { return each.text() == name; });
}

// "a, b or c", for a fix.
template <class Items, class TextOf>
std::string one_of_these(const Items& items, TextOf text_of) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    text += fmt::format("{}{}",
                        i == 0                  ? ""
                        : i + 1 == items.size() ? " or "
                                                : ", ",
                        text_of(items[i]));
  }
  return text;
}

std::string one_of_these(const std::vector<Domain>& domains) {
  return one_of_these(domains, [](const Domain& each) { return each.text(); });
}

// The streams that declare a domain in one of their lists.
Streams streams_with(const Report& report, DomainsOf list, std::string_view domain) {
  Streams found;
  if (domain.empty()) return found;
  for (const StreamConfig& stream : report.config.streams) {
    if (declares(stream.*list, domain)) found.push_back(&stream);
  }
  return found;
}

bool share(const Streams& a, const Streams& b) {
  return std::ranges::any_of(
      a, [&](const StreamConfig* each) { return std::ranges::find(b, each) != b.end(); });
}

// The domain of From, when it names one.
std::string from_domain(const Report& report) {
  const auto domain = author_domain(report.facts.authors);
  return domain ? *domain : std::string();
}

std::string sender_domain(const Report& report) {
  const auto& mailbox = report.facts.envelope.reverse_path.mailbox;
  return mailbox ? mailbox->domain().text() : std::string();
}

const StreamConfig* stream_of(const Report& report) {
  const auto& streams = report.config.streams;
  const auto found =
      std::ranges::find(streams, report.facts.classification.stream, &StreamConfig::name);
  return found != streams.end() ? &*found : nullptr;
}

// From of one stream with the envelope sender or the signature of another.
bool examine_mixture(Report& report) {
  const std::string from = from_domain(report);
  const Streams of_from = streams_with(report, &StreamConfig::from_domains, from);
  if (of_from.empty()) return false;
  const auto refuse = [&](std::string_view what, std::string_view domain, const Streams& others) {
    report.refuse({"sender_identity.streams-mixed",
                   not_authorized,
                   fmt::format("{} of From is of stream {}, {} {} is of stream {}", from,
                               of_from.front()->name, what, shown(domain), others.front()->name),
                   fmt::format("send each stream with its own domains: {} belongs to {}", from,
                               of_from.front()->name),
                   {}});
    return true;
  };
  const std::string sender = sender_domain(report);
  const Streams of_sender = streams_with(report, &StreamConfig::sender_domains, sender);
  if (!of_sender.empty() && !share(of_from, of_sender)) {
    return refuse("the envelope sender's", sender, of_sender);
  }
  if (report.facts.authentication == nullptr) return false;
  Streams of_signatures;
  std::string_view signer;
  for (const DkimResult& each : report.facts.authentication->dkim) {
    if (each.status != DkimStatus::pass) continue;
    const Streams more = streams_with(report, &StreamConfig::dkim_domains, each.domain);
    if (of_signatures.empty()) signer = each.domain;
    of_signatures.insert(of_signatures.end(), more.begin(), more.end());
  }
  if (of_signatures.empty() || share(of_from, of_signatures)) return false;
  return refuse("the signature's d=", signer, of_signatures);
}

void examine_display_name(Report& report, const StreamConfig& stream) {
  if (stream.display_names.empty() || !report.facts.authors) return;
  for (const Address& author : *report.facts.authors) {
    const std::string decoded = decode_encoded_words(author.display_name);
    const auto is_it = [&](const std::string& name) {
      return name == trim(decoded) || name == trim(author.display_name);
    };
    if (std::ranges::any_of(stream.display_names, is_it)) continue;
    const std::string names = one_of_these(stream.display_names, [](const std::string& name) {
      return fmt::format("\"{}\"", shown(name));
    });
    return report.refuse(
        {"sender_identity.display-name",
         not_authorized,
         fmt::format("From calls the sender \"{}\", stream {} has {}", shown(trim(decoded)),
                     stream.name, names),
         fmt::format("write {}, or add the name to display_names of the stream", names),
         {}});
  }
}

void examine_from_domain(Report& report, const StreamConfig& stream) {
  if (stream.from_domains.empty() || !report.facts.authors) return;
  for (const Address& author : *report.facts.authors) {
    if (declares(stream.from_domains, domain_name(author.domain))) continue;
    return report.refuse(
        {"sender_identity.from-domain",
         not_authorized,
         fmt::format("{} of From is not of stream {}", shown(author.domain), stream.name),
         fmt::format("use {} in From, or add the domain to from_domains of the "
                     "stream",
                     one_of_these(stream.from_domains)),
         {}});
  }
}

void examine_sender_domain(Report& report, const StreamConfig& stream) {
  const std::string sender = sender_domain(report);
  if (stream.sender_domains.empty() || sender.empty() || declares(stream.sender_domains, sender)) {
    return;
  }
  report.refuse(
      {"sender_identity.sender-domain",
       not_authorized,
       fmt::format("{} of the envelope sender is not of stream {}", shown(sender), stream.name),
       fmt::format("use {} in the envelope sender, or add the domain to sender_domains "
                   "of the stream",
                   one_of_these(stream.sender_domains)),
       {}});
}

void examine_dkim_domain(Report& report, const StreamConfig& stream) {
  if (stream.dkim_domains.empty() || report.facts.authentication == nullptr ||
      report.facts.header_overflow) {
    return;
  }
  const std::vector<DkimResult>& found = report.facts.authentication->dkim;
  std::string disputed;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!declares(stream.dkim_domains, found[i].domain)) continue;
    // A key that could not be fetched is the business of alignment.
    if (found[i].status == DkimStatus::pass || found[i].status == DkimStatus::temp_error) return;
    if (disputed.empty()) disputed = report.look.against_dkim(i);
  }
  const std::string domains = one_of_these(stream.dkim_domains);
  report.refuse({"sender_identity.dkim-domain",
                 not_authorized,
                 fmt::format("no DKIM signature of stream {} (d={}) passes", stream.name, domains),
                 fmt::format("sign this stream with d={}", domains),
                 {}},
                disputed);
}

// What the header says of itself, against what the stream says.
void examine_kind(Report& report, const StreamConfig& stream) {
  const Facts& facts = report.facts;
  const Classification shows = classify({}, facts.envelope, facts.headers, facts.authors);
  if (stream.kind == StreamKind::transactional && shows.mail_class == MailClass::bulk) {
    report.refuse({"sender_identity.bulk-in-transactional",
                   not_authorized,
                   fmt::format("bulk mail ({}) in the transactional stream {}", shown(shows.reason),
                               stream.name),
                   "send it by a stream of kind bulk, with domains and addresses of its own",
                   {}});
  }
  if (stream.kind == StreamKind::bulk && shows.mail_class == MailClass::notice &&
      facts.classification.is_bulk()) {
    report.refuse(
        {"sender_identity.transactional-in-bulk",
         not_authorized,
         fmt::format("a notice ({}) in the bulk stream {}", shown(shows.reason), stream.name),
         "send it by a stream of kind transactional, with domains and addresses of its "
         "own",
         {}});
  }
}

}  // namespace

void examine_stream(Report& report) {
  const bool is_mixed = examine_mixture(report);
  const StreamConfig* stream = stream_of(report);
  if (stream == nullptr) return;
  // A notice that bounces or answers on its own has the name and domain of the host.
  if (report.facts.classification.mail_class == MailClass::notice) return;
  examine_display_name(report, *stream);
  if (!is_mixed) {
    examine_from_domain(report, *stream);
    examine_sender_domain(report, *stream);
    examine_dkim_domain(report, *stream);
  }
  examine_kind(report, *stream);
}

}  // namespace icm::sender_identity
