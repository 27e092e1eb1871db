// SPDX-License-Identifier: Apache-2.0
//
// Deciding where a message came from.
#include "policy/origin.h"

#include <algorithm>
#include <optional>

#include "policy/auth/auth_results.h"
#include "policy/auth/authserv_id.h"
#include "policy/base/text.h"

namespace icm {
namespace {

// The words of our own field: policy.origin and policy.stream.
constexpr std::string_view origin_property = "origin";
constexpr std::string_view stream_property = "stream";
constexpr std::string_view outside = "outside";

std::string_view word_of(Origin origin) {
  return origin == Origin::forwarded ? outside : to_string(origin);
}

// What one of our own fields says; nullopt when it does not say it as we write it.
std::optional<Origin> read_origin(const AuthenticationResults& field) {
  const auto results = field.of("auth");
  if (results.size() != 1 || !field.oddity.empty() || field.version != 1) return std::nullopt;
  const MethodResult& auth = *results.front();
  const std::string_view word = auth.property("policy", origin_property);
  const bool is_pass = auth.result == "pass";
  for (const Origin origin : all_origins) {
    if (word_of(origin) == word && (origin == Origin::submission) == is_pass) return origin;
  }
  return std::nullopt;
}

// A field under our own name, read and as it stands.
struct OwnField {
  AuthenticationResults results;
  std::string text;
};

// Whose fields are meant.
enum class Writers { this_host, other_hosts, all_of_ours };

bool is_written_by(Writers writers, const AuthenticationResults& field, const Config& config,
                   std::string_view authserv_id) {
  if (is_same_authserv_id(field.authserv_id, authserv_id)) return writers != Writers::other_hosts;
  return writers != Writers::this_host &&
         std::ranges::any_of(config.arrival.other_ids, [&](const std::string& id) {
           return is_same_authserv_id(field.authserv_id, id);
         });
}

// The topmost of them: what stands below it was there when it was written.
std::optional<OwnField> own_field(const HeaderList& headers, Writers writers, const Config& config,
                                  std::string_view authserv_id) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const HeaderField field = headers[i];
    if (!equal_ascii(field.name, auth_results_field)) continue;
    auto parsed = AuthenticationResults::parse(field.value);
    if (!parsed || !is_written_by(writers, *parsed, config, authserv_id)) continue;
    return OwnField{*std::move(parsed), std::string(trim(unfold(field.value)))};
  }
  return std::nullopt;
}

std::optional<OriginDecision> claimed_origin(const HeaderList& headers, Writers writers,
                                             const Config& config, std::string_view authserv_id) {
  const auto field = own_field(headers, writers, config, authserv_id);
  if (!field) return std::nullopt;
  const auto origin = read_origin(field->results);
  if (!origin) {
    return OriginDecision{Origin::unknown,
                          fmt::format("{} says nothing that arrival would write: {}",
                                      auth_results_field, excerpt(field->text))};
  }
  return OriginDecision{*origin,
                        fmt::format("{}: {}", auth_results_field, excerpt(field->text, 120))};
}

// What their fields say of a message's sender, from the top.
std::vector<MethodResult> results_by(Writers writers, const Config& config,
                                     std::string_view authserv_id, const HeaderList& headers) {
  constexpr std::size_t most = 100;
  std::vector<MethodResult> results;
  if (!config.arrival.covered) return results;
  for (const HeaderField& field : headers.all(auth_results_field)) {
    auto parsed = AuthenticationResults::parse(field.value);
    if (!parsed || !is_written_by(writers, *parsed, config, authserv_id)) continue;
    for (MethodResult& result : parsed->results) {
      if (result.method != "auth" && results.size() < most) results.push_back(std::move(result));
    }
  }
  return results;
}

// RFC 8617 §4.1: a set is three fields.
bool has_arc_set(const HeaderList& headers) {
  return headers.first("ARC-Seal") && headers.first("ARC-Message-Signature") &&
         headers.first("ARC-Authentication-Results");
}

bool is_redirected(const Recipient& recipient) {
  if (!recipient.original) return false;
  const auto original = Mailbox::parse(*recipient.original);
  if (original && recipient.mailbox) return original->key() != recipient.mailbox->key();
  return !equal_ascii(*recipient.original, recipient.text);
}

// The first recipient when all of them took the place of another.
const Recipient* redirected(const Envelope& envelope) {
  const auto& recipients = envelope.recipients;
  const bool all = !recipients.empty() && std::ranges::all_of(recipients, is_redirected);
  return all ? &recipients.front() : nullptr;
}

// RFC 5321 §3.9: a list hands on what its members wrote, whatever host or program runs it. A stream
// that declares the list's mail makes another class of it.
std::optional<OriginDecision> list_of_others(const Inspection& message) {
  const Classification& found = message.classification();
  if (found.mail_class != MailClass::discussion) return std::nullopt;
  return OriginDecision{Origin::forwarded,
                        fmt::format("a discussion list ({}) hands on what its members wrote, and "
                                    "no stream declares it",
                                    excerpt(found.reason))};
}

// What is left at the gate when arrival has said nothing.
OriginDecision origin_by_content(const Config& config, const Envelope& envelope,
                                 const Inspection& message, std::string reason) {
  if (has_arc_set(message.headers())) return {Origin::forwarded, "it carries an ARC set"};
  if (auto list = list_of_others(message)) return *std::move(list);
  const Recipient* recipient = redirected(envelope);
  if (recipient != nullptr && !has_declared_author(config.streams, message.authors())) {
    return {Origin::forwarded,
            fmt::format("{} was {} and the author is in no declared stream",
                        excerpt(recipient->text), excerpt(*recipient->original))};
  }
  return {Origin::unknown, std::move(reason)};
}

OriginDecision origin_at_gate(const Config& config, std::string_view authserv_id,
                              const Envelope& envelope, const Inspection& message) {
  if (!config.arrival.covered) {
    return origin_by_content(config, envelope, message, "arrival.covered is not set");
  }
  auto claimed = claimed_origin(message.headers(), Writers::this_host, config, authserv_id);
  if (!claimed) {
    if (envelope.reverse_path.is_null()) {
      return {Origin::local,
              fmt::format("null reverse path and no {} of {}: the mail server's own notice",
                          auth_results_field, authserv_id)};
    }
    return origin_by_content(config, envelope, message,
                             fmt::format("no {} of {}", auth_results_field, authserv_id));
  }
  switch (claimed->origin) {
    case Origin::submission:
    case Origin::forwarded:
      return *std::move(claimed);
    case Origin::relay:
    case Origin::local:
      // The word of a host is worth less than a login: a list manager or a redirecting mailbox
      // hands in what others wrote.
      if (has_arc_set(message.headers()) &&
          !has_declared_author(config.streams, message.authors())) {
        return {Origin::forwarded, "it carries an ARC set and the author is in no declared stream"};
      }
      if (auto list = list_of_others(message)) return *std::move(list);
      return *std::move(claimed);
    case Origin::unknown:
      return origin_by_content(config, envelope, message, std::move(claimed->reason));
  }
  return *std::move(claimed);
}

}  // namespace

OriginDecision origin_of_connection(const ArrivalConfig& arrival, const Envelope& envelope,
                                    Transport transport) {
  if (envelope.role == Role::gate) {
    return {Origin::unknown, "at the gate every client is the mail server itself"};
  }
  if (!envelope.login.empty()) {
    return {Origin::submission, fmt::format("authenticated as {}", excerpt(envelope.login))};
  }
  if (transport == Transport::internal) {
    return {Origin::local, "no SMTP client: made on this host"};
  }
  if (!envelope.client) return {Origin::unknown, "the mail server named no client address"};
  for (const IpRange& range : arrival.trusted_networks) {
    if (range.contains(*envelope.client)) {
      return {Origin::relay, fmt::format("client {} is in arrival.trusted_networks ({})",
                                         envelope.client->text(), range.text())};
    }
  }
  if (envelope.client->is_loopback()) {
    return {Origin::local, fmt::format("client {} is this host", envelope.client->text())};
  }
  return {Origin::forwarded, fmt::format("client {} is from outside: not authenticated, not in "
                                         "arrival.trusted_networks",
                                         envelope.client->text())};
}

OriginDecision origin_of_message(const Config& config, std::string_view authserv_id,
                                 const Envelope& envelope, Transport transport,
                                 const Inspection& message) {
  if (envelope.role == Role::gate) return origin_at_gate(config, authserv_id, envelope, message);
  OriginDecision decision = origin_of_connection(config.arrival, envelope, transport);
  const bool is_relayed = decision.origin == Origin::relay;
  if (!is_relayed && decision.origin != Origin::local) return decision;
  if (config.arrival.covered) {
    const Writers writers = is_relayed ? Writers::all_of_ours : Writers::this_host;
    auto claimed = claimed_origin(message.headers(), writers, config, authserv_id);
    if (claimed && claimed->origin == Origin::forwarded) return *std::move(claimed);
  }
  // Not at arrival, which writes down how the mail came in and nothing else.
  if (envelope.role == Role::direct) {
    if (auto list = list_of_others(message)) return *std::move(list);
  }
  return decision;
}

std::string arrival_results(const Config& config, std::string_view authserv_id,
                            const Envelope& envelope, std::vector<MethodResult> more) {
  const bool is_submission = envelope.origin == Origin::submission;
  MethodResult auth;
  auth.method = "auth";
  auth.result = is_submission ? "pass" : "none";
  const auto add = [&](std::string_view ptype, std::string_view property, std::string_view value) {
    auth.properties.push_back({std::string(ptype), std::string(property), std::string(value)});
  };
  add("policy", origin_property, word_of(envelope.origin));
  if (is_submission) {
    const StreamConfig* stream = stream_of_login(config.streams, envelope.login);
    if (stream != nullptr) add("policy", stream_property, stream->name);
    if (config.arrival.show_login && !envelope.login.empty()) add("smtp", "auth", envelope.login);
  }
  AuthenticationResults field;
  field.authserv_id = authserv_id;
  field.results.push_back(std::move(auth));
  std::ranges::move(more, std::back_inserter(field.results));
  return to_field_value(field);
}

std::vector<MethodResult> results_of_arrival(const Config& config, std::string_view authserv_id,
                                             const HeaderList& headers) {
  return results_by(Writers::all_of_ours, config, authserv_id, headers);
}

std::vector<MethodResult> results_of_other_hosts(const Config& config, std::string_view authserv_id,
                                                 const HeaderList& headers) {
  return results_by(Writers::other_hosts, config, authserv_id, headers);
}

std::string stream_of_arrival(const Config& config, std::string_view authserv_id,
                              const HeaderList& headers) {
  const bool is_of_use = config.arrival.covered && !config.streams.empty();
  if (!is_of_use) return {};
  const auto field = own_field(headers, Writers::this_host, config, authserv_id);
  if (!field || read_origin(field->results) != Origin::submission) return {};
  return std::string(field->results.of("auth").front()->property("policy", stream_property));
}

}  // namespace icm
