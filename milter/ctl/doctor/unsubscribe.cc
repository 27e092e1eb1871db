// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the page that takes unsubscriptions: a one-click POST with a token that is nobody's
// is answered "there is no such page", not with a redirect (RFC 8058 section 3.1), by the endpoint
// itself and through the web server before it. Nobody is unsubscribed.
#include <fmt/format.h>

#include "milter/ctl/doctor/context.h"
#include "milter/ctl/doctor/http_probe.h"
#include "policy/base/text.h"
#include "policy/message/uri.h"

namespace icm::ctl::doctor {
namespace {

constexpr int not_found = 404;
constexpr int too_many = 429;
constexpr int later = 503;
constexpr const char* form = "List-Unsubscribe=One-Click";  // RFC 8058 §3.2
constexpr const char* token = "/doctor";                    // no token of ours is so short

// What an answer means, wherever it came from.
Diagnosis read(const HttpAnswer& answer, const std::string& place) {
  if (answer.status >= 300 && answer.status < 400) {
    return found("unsubscribe.redirects", place,
                 fmt::format("{} leads to {}", answer.status, excerpt(answer.location, 200)));
  }
  const bool is_ours =
      answer.status == not_found || answer.status == too_many || answer.status == later;
  const std::string evidence = fmt::format("a POST without a token is answered {}", answer.status);
  return is_ours ? found("unsubscribe.answers", place, evidence)
                 : found("unsubscribe.other-answer", place, evidence);
}

}  // namespace

Diagnoses examine_unsubscribe(const Context& context, Deadline deadline) {
  const UnsubscribeConfig& config = context.config.unsubscribe;
  if (config.url.empty()) return {};
  const auto uri = Uri::parse(config.url);
  const auto address = SocketAddress::parse(config.endpoint.address);
  if (!uri || !address) return {};  // reading the configuration says so
  Diagnoses diagnoses;
  const std::string path = uri->path + token;
  const auto own = post_to_listener(*address, path, form, deadline);
  add(diagnoses, own ? read(*own, address->text())
                     : found("unsubscribe.silent", address->text(), own.error().text));
  if (context.is_hermetic) return diagnoses;
  const std::string origin =
      fmt::format("https://{}{}", uri->host, uri->port.empty() ? "" : ":" + uri->port);
  const auto outside = post_to_url(origin, path, form, deadline);
  if (outside) {
    add(diagnoses, read(*outside, config.url));
  } else {
    add(diagnoses, outside.error().code == Code::permanent
                       ? found("unsubscribe.other-answer", config.url, outside.error().text)
                       : found("unsubscribe.not-reached", config.url, outside.error().text));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
