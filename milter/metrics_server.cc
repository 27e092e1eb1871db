// SPDX-License-Identifier: Apache-2.0
#include "milter/metrics_server.h"

#include <utility>

#include "milter/metric_page.h"

namespace icm {
namespace {

constexpr int backlog = 8;

ListenerPlace place_of(const MetricsConfig& config, std::string_view section) {
  return {.address = config.address,
          .owner = config.owner,
          .group = config.group,
          .mode = config.mode,
          .section = section,
          .group_hint = "one of who reads the figures"};
}

HttpServer::Limits limits() {
  HttpServer::Limits limits;
  limits.connections = 2;  // a scrape, and somebody who looks
  limits.body_octets = 0;
  return limits;
}

HttpResponse plain(int status, std::string body) {
  return {.status = status,
          .body = std::move(body),
          .type = "text/plain; charset=utf-8",
          .headers = {}};
}

HttpResponse answer(const HttpRequest& request, const MetricsServer::Text& text) {
  if (request.path != "/metrics") return plain(404, "The figures are at /metrics.\n");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = plain(405, "Figures are read with GET.\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  return {.status = 200, .body = text(), .type = std::string(MetricPage::type), .headers = {}};
}

}  // namespace

Status MetricsServer::check(const MetricsConfig& config, std::string_view section) {
  return LocalListener::check(place_of(config, section));
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(const MetricsConfig& config,
                                                           std::string_view section, Text text) {
  ICM_TRY(LocalListener listener, LocalListener::open(place_of(config, section), backlog));
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(listener), std::move(text)));
}

MetricsServer::MetricsServer(LocalListener listener, Text text)
    : listener_(std::move(listener)),
      server_(
          listener_.take_socket(), limits(), {{"Cache-Control", "no-store"}},
          [text = std::move(text)](const HttpRequest& request) { return answer(request, text); }) {}

MetricsServer::~MetricsServer() { listener_.withdraw(); }

}  // namespace icm
