// SPDX-License-Identifier: Apache-2.0
//
// The header is read once into Signals; the order of their strength is the order of the header
// file.
#include "policy/classification.h"

#include <algorithm>
#include <array>
#include <optional>

#include "policy/base/text.h"

namespace icm {
namespace {

// What a header says about how the message was made.
struct Signals {
  bool report = false;         // Content-Type: multipart/report
  std::string auto_submitted;  // its keyword in lower case; empty for "no" and for none
  std::string auto_reply;      // the field that marks an answer made by a program
  bool administrivia = false;
  bool list_post = false;
  std::string_view list_manager;  // a field that only mailing list managers write
  std::string_view unsubscribe;   // List-Unsubscribe or List-Unsubscribe-Post
  bool list_id = false;
  bool in_reply_to = false;
  std::string campaign;    // a field that only campaign systems write
  std::string precedence;  // in lower case
};

// Fields that campaign systems write on all they send.
constexpr std::array<std::string_view, 6> campaign_fields = {
    "feedback-id",    "x-csa-complaints",  "x-mailgun-tag",
    "x-report-abuse", "x-report-abuse-to", "x-sg-eid"};
constexpr std::array<std::string_view, 3> campaign_prefixes = {"x-campaign", "x-mc-", "x-ses-"};

constexpr std::array<std::string_view, 3> auto_reply_fields = {"x-autoreply", "x-autorespond",
                                                               "x-auto-reply"};
constexpr std::array<std::string_view, 3> list_manager_fields = {"mailing-list", "x-beenthere",
                                                                 "x-mailing-list"};

bool is_campaign_field(std::string_view name) {
  if (name == "x-mc-unique") return false;  // Mimecast's mark on all mail, not Mandrill's
  return std::ranges::find(campaign_fields, name) != campaign_fields.end() ||
         std::ranges::any_of(campaign_prefixes, [&](auto p) { return name.starts_with(p); });
}

// The first word of a field body, in lower case: RFC 3834 §5 allows parameters and comments behind
// it, RFC 2045 §5.1 parameters.
std::string keyword(std::string_view value) {
  const std::string_view text = trim(value);
  return lower_ascii(text.substr(0, text.find_first_of("; \t\r\n(")));
}

void read_list_field(std::string_view name, std::string_view value, Signals& signals) {
  if (name == "list-post") {
    // RFC 2369 §3.4: "NO", perhaps with a comment, says that nobody may post.
    signals.list_post = signals.list_post || keyword(value) != "no";
  } else if (name == "list-unsubscribe") {
    signals.unsubscribe = "List-Unsubscribe";
  } else if (name == "list-unsubscribe-post") {
    if (signals.unsubscribe.empty()) signals.unsubscribe = "List-Unsubscribe-Post";
  } else if (name == "list-id") {
    signals.list_id = true;
  }
}

void read_x_field(const HeaderField& field, const std::string& name, Signals& signals) {
  if (std::ranges::find(auto_reply_fields, name) != auto_reply_fields.end()) {
    signals.auto_reply = field.name;
  } else if (name == "x-list-administrivia") {
    signals.administrivia = keyword(field.value) == "yes";
  } else if (is_campaign_field(name)) {
    if (signals.campaign.empty()) signals.campaign = field.name;
  }
}

void read_field(const HeaderField& field, Signals& signals) {
  const std::string name = lower_ascii(field.name);
  const auto manager = std::ranges::find(list_manager_fields, name);
  if (manager != list_manager_fields.end()) {
    signals.list_manager = *manager;
  } else if (name.starts_with("list-")) {
    read_list_field(name, field.value, signals);
  } else if (name.starts_with("x-") || name == "feedback-id") {
    read_x_field(field, name, signals);
  } else if (name == "content-type") {
    signals.report = keyword(field.value) == "multipart/report";
  } else if (name == "auto-submitted") {
    const std::string word = keyword(field.value);
    if (word != "no") signals.auto_submitted = word;
    if (word == "auto-replied") signals.auto_reply = "Auto-Submitted: auto-replied";
  } else if (name == "precedence") {
    signals.precedence = keyword(field.value);
    // Written by old answering programs instead of Auto-Submitted.
    if (signals.precedence == "auto_reply") signals.auto_reply = "Precedence: auto_reply";
  } else if (name == "in-reply-to") {
    signals.in_reply_to = true;
  }
}

// Most fields of a message are none of ours: looked at only when their first letter can be.
Signals read_signals(const HeaderList& headers) {
  Signals signals;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const HeaderField field = headers[i];
    if (field.name.empty()) continue;
    if (std::string_view("acfilmpx").find(lower_ascii(field.name[0])) != std::string_view::npos) {
      read_field(field, signals);
    }
  }
  return signals;
}

// A message that a program made in answer to another one.
std::optional<Classification> answer(const Signals& signals, const Envelope& envelope) {
  const auto notice = [](std::string reason) {
    return Classification{MailClass::notice, {}, std::move(reason)};
  };
  if (signals.report && (envelope.reverse_path.is_null() || !signals.auto_submitted.empty())) {
    return notice("multipart/report");
  }
  if (!signals.auto_reply.empty()) return notice(signals.auto_reply);
  if (signals.administrivia) return notice("X-List-Administrivia");
  return std::nullopt;
}

Classification by_signals(const Signals& signals, const Envelope& envelope) {
  const auto is = [](MailClass mail_class, std::string_view reason) {
    return Classification{mail_class, {}, std::string(reason)};
  };
  if (auto found = answer(signals, envelope)) return *std::move(found);
  if (signals.list_post) return is(MailClass::discussion, "List-Post");
  if (!signals.list_manager.empty()) return is(MailClass::discussion, signals.list_manager);
  // A tracker's notice may name a way out and is a notice all the same (RFC 3834 §5).
  if (!signals.auto_submitted.empty()) {
    return is(MailClass::notice, "Auto-Submitted: " + signals.auto_submitted);
  }
  if (!signals.unsubscribe.empty()) return is(MailClass::bulk, signals.unsubscribe);
  if (signals.list_id) return is(MailClass::bulk, "List-Id");
  if (signals.precedence == "list") return is(MailClass::discussion, "Precedence: list");
  if (signals.report) return is(MailClass::notice, "multipart/report");
  if (envelope.reverse_path.is_null() && signals.campaign.empty()) {
    return is(MailClass::notice, "null reverse path");
  }
  if (signals.in_reply_to) return is(MailClass::personal, "In-Reply-To");
  if (!signals.campaign.empty()) return is(MailClass::bulk, signals.campaign);
  if (signals.precedence == "bulk" || signals.precedence == "junk") {
    return is(MailClass::bulk, "Precedence: " + signals.precedence);
  }
  Classification unknown = is(MailClass::personal, "no sign of a list");
  unknown.says_nothing = true;
  return unknown;
}

// How a message shows that it belongs to a stream.
enum class Mark { none, login, header, from_domain, sender_domain };

std::string_view to_string(Mark mark) {
  switch (mark) {
    case Mark::none:
      return "none";
    case Mark::login:
      return "login";
    case Mark::header:
      return "header";
    case Mark::from_domain:
      return "From domain";
    case Mark::sender_domain:
      return "envelope sender";
  }
  return "invalid";
}

bool declares_login(const StreamConfig& stream, std::string_view login) {
  return !login.empty() && std::ranges::any_of(stream.logins, [&](const auto& declared) {
    return equal_ascii(declared, login);
  });
}

bool has_login(const StreamConfig& stream, const Envelope& envelope) {
  if (!envelope.stream.empty()) return envelope.stream == stream.name;
  return declares_login(stream, envelope.login);
}

bool has_sender(const StreamConfig& stream, const Envelope& envelope) {
  const auto& mailbox = envelope.reverse_path.mailbox;
  return mailbox &&
         std::ranges::find(stream.sender_domains, mailbox->domain()) != stream.sender_domains.end();
}

// `mark` is "Name: value" of the configuration.
bool has_header(std::string_view mark, const HeaderList& headers) {
  const std::size_t colon = mark.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = trim(mark.substr(0, colon));
  const std::string_view value = trim(mark.substr(colon + 1));
  return std::ranges::any_of(headers.all(name), [&](const HeaderField& field) {
    return equal_ascii(trim(unfold(field.value)), value);
  });
}

std::vector<Domain> domains_of(const Result<std::vector<Address>>& authors) {
  std::vector<Domain> domains;
  if (!authors) return domains;
  for (const Address& author : *authors) {
    if (auto domain = Domain::parse(author.domain)) domains.push_back(*std::move(domain));
  }
  return domains;
}

bool declares_one_of(const StreamConfig& stream, const std::vector<Domain>& domains) {
  return std::ranges::find_first_of(stream.from_domains, domains) != stream.from_domains.end();
}

Mark mark_of(const StreamConfig& stream, const Envelope& envelope, const HeaderList& headers,
             const std::vector<Domain>& author_domains) {
  if (has_login(stream, envelope)) return Mark::login;
  if (has_header(stream.header, headers)) return Mark::header;
  if (declares_one_of(stream, author_domains)) return Mark::from_domain;
  if (has_sender(stream, envelope)) return Mark::sender_domain;
  return Mark::none;
}

Classification by_stream(const StreamConfig& stream, Mark mark, const Signals& signals,
                         const Envelope& envelope) {
  const bool is_bulk = stream.kind == StreamKind::bulk;
  if (is_bulk && (mark == Mark::from_domain || mark == Mark::sender_domain)) {
    if (auto found = answer(signals, envelope)) {
      found->stream = stream.name;
      return *std::move(found);
    }
  }
  return {is_bulk ? MailClass::bulk : MailClass::transactional, stream.name,
          fmt::format("stream {} ({})", stream.name, to_string(mark))};
}

}  // namespace

std::string_view to_string(MailClass mail_class) {
  switch (mail_class) {
    case MailClass::bulk:
      return "bulk";
    case MailClass::transactional:
      return "transactional";
    case MailClass::discussion:
      return "discussion";
    case MailClass::notice:
      return "notice";
    case MailClass::personal:
      return "personal";
  }
  return "invalid";
}

Classification classify(const std::vector<StreamConfig>& streams, const Envelope& envelope,
                        const HeaderList& headers, const Result<std::vector<Address>>& authors) {
  const Signals signals = read_signals(headers);
  if (!streams.empty()) {
    const std::vector<Domain> author_domains = domains_of(authors);
    for (const StreamConfig& stream : streams) {
      const Mark mark = mark_of(stream, envelope, headers, author_domains);
      if (mark != Mark::none) return by_stream(stream, mark, signals, envelope);
    }
  }
  return by_signals(signals, envelope);
}

Classification with_volume(Classification found, int alike, const MailingsConfig& config) {
  if (!found.says_nothing || config.recipients == 0 || alike < config.recipients) return found;
  found.alike = alike;
  if (config.are_bulk) {
    found.mail_class = MailClass::bulk;
    found.reason =
        fmt::format("mail alike to {} recipients within {}", alike, to_span(config.window));
  }
  return found;
}

const StreamConfig* stream_of_login(const std::vector<StreamConfig>& streams,
                                    std::string_view login) {
  const auto found = std::ranges::find_if(
      streams, [&](const StreamConfig& stream) { return declares_login(stream, login); });
  return found == streams.end() ? nullptr : &*found;
}

const StreamConfig* stream_of_envelope(const std::vector<StreamConfig>& streams,
                                       const Envelope& envelope) {
  const auto found = std::ranges::find_if(streams, [&](const StreamConfig& stream) {
    return has_login(stream, envelope) || has_sender(stream, envelope);
  });
  return found == streams.end() ? nullptr : &*found;
}

bool has_declared_author(const std::vector<StreamConfig>& streams,
                         const Result<std::vector<Address>>& authors) {
  const std::vector<Domain> domains = domains_of(authors);
  return std::ranges::any_of(
      streams, [&](const StreamConfig& stream) { return declares_one_of(stream, domains); });
}

}  // namespace icm
