// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/unsubscribe_service.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::string_view post_field = "List-Unsubscribe";
constexpr std::string_view post_value = "One-Click";
constexpr std::chrono::seconds store_rest{120};  // until whoever was told "later" comes again

std::string value_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [field, value] : request.form) {
    if (field == name) return value;
  }
  return {};
}

}  // namespace

UnsubscribeService::UnsubscribeService(UnsubscribeTokens tokens, UnsubscribePlace place,
                                       UnsubscribeEndpointConfig config, Keep keep, Now now,
                                       Log& log)
    : tokens_(std::move(tokens)),
      place_(std::move(place)),
      config_(std::move(config)),
      keep_(std::move(keep)),
      now_(std::move(now)),
      log_(log),
      per_client_(config_.per_client),
      overall_(config_.overall) {}

HttpResponse UnsubscribeService::answer(const HttpRequest& request) {
  const Client client = client_of(request);
  std::string outcome;
  HttpResponse response = decide(request, client, outcome);
  // The path holds a token, which is a key to the address: it is not for logs.
  log_.say(response.status >= 500 ? LogLevel::error : LogLevel::info,
           fmt::format("unsubscribe: method={} client={} status={} {}", for_log(request.method, 16),
                       client.shown, response.status, outcome));
  return response;
}

bool UnsubscribeService::is_proxy(const IpAddress& address) const {
  return std::any_of(config_.proxies.begin(), config_.proxies.end(),
                     [&](const IpRange& range) { return range.contains(address); });
}

// Every web server on the way puts whom it heard from at the end: the last that is no proxy of ours
// is who connected to the first of ours. What stands before it anybody can write.
UnsubscribeService::Client UnsubscribeService::client_of(const HttpRequest& request) const {
  std::optional<IpAddress> client = request.peer;
  if (!request.peer || is_proxy(*request.peer)) {
    std::vector<std::string_view> hops;
    for (const std::string& field : request.forwarded_for) {
      for (const std::string_view hop : split(field, ',')) hops.push_back(trim(hop));
    }
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
      const auto address = IpAddress::parse(*hop);
      if (!address) break;
      client = *address;
      if (!is_proxy(*address)) break;
    }
  }
  if (!client) return {"unix", "unix"};
  return {ctl::client_of(*client), client->text()};
}

HttpResponse UnsubscribeService::page(int status, UnsubscribePage which) const {
  return {.status = status, .body = unsubscribe_page(which, config_.site), .headers = {}};
}

HttpResponse UnsubscribeService::wait(std::chrono::seconds span, std::string& outcome) const {
  outcome = fmt::format("outcome=limited wait={}", span.count());
  HttpResponse response = page(429, UnsubscribePage::too_many);
  response.headers.emplace_back("Retry-After", std::to_string(span.count()));
  return response;
}

std::string UnsubscribeService::who(const UnsubscribeWish& wish) const {
  return config_.log_addresses ? for_log(wish.address, 320)
                               : fmt::format("{:016x}", hash_(wish.address));
}

HttpResponse UnsubscribeService::decide(const HttpRequest& request, const Client& client,
                                        std::string& outcome) {
  const ClientLimits::Time now = now_();
  const std::optional<std::string> token = token_of_path(place_, request.path);
  const Result<UnsubscribeWish> wish =
      token ? tokens_.read(*token) : tl::make_unexpected(Error{Code::syntax, "no such page"});
  const bool is_post = request.method == "POST";
  // A mailbox provider unsubscribes many people from few addresses of its own, and whoever has a
  // token may unsubscribe: only what is no such thing is counted by client.
  if (!wish || !is_post) {
    if (const auto span = per_client_.admit(client.name, now)) return wait(*span, outcome);
  }
  // After the client's own limit, so that nobody uses up what is there for all.
  if (const auto span = overall_.admit("", now)) return wait(*span, outcome);
  if (!is_post && request.method != "GET" && request.method != "HEAD") {
    outcome = "outcome=refused";
    HttpResponse response = page(405, UnsubscribePage::not_allowed);
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  if (!wish) {
    outcome = fmt::format("outcome=unknown why=\"{}\"", wish.error().text);
    return page(404, UnsubscribePage::unknown);
  }
  if (!is_post) {
    outcome = fmt::format("outcome=shown who={}", who(*wish));
    return page(200, UnsubscribePage::ask);
  }
  return unsubscribe(request, client, *wish, outcome);
}

HttpResponse UnsubscribeService::unsubscribe(const HttpRequest& request, const Client& client,
                                             const UnsubscribeWish& wish, std::string& outcome) {
  if (value_of(request, post_field) != post_value) {  // RFC 8058 §3.2
    outcome = fmt::format("outcome=not-asked who={}", who(wish));
    return page(400, UnsubscribePage::ask);
  }
  const bool is_person = value_of(request, "by") == "page";
  const auto kept = keep_(
      wish, fmt::format("{}, from {}", is_person ? "the button of the page" : "one-click POST",
                        client.shown));
  if (kept) {
    outcome = fmt::format("outcome={} scope={} who={}", *kept, wish.scope, who(wish));
    return page(200, UnsubscribePage::done);
  }
  outcome = fmt::format("outcome=later who={} why=\"{}\"", who(wish), for_log(kept.error().text));
  HttpResponse response = page(503, UnsubscribePage::later);
  response.headers.emplace_back("Retry-After", std::to_string(store_rest.count()));
  return response;
}

}  // namespace icm::ctl
