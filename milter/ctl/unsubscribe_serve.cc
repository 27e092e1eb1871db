// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl unsubscribe serve: a process of its own, so that what strangers send over HTTP
// never comes near the daemon that judges mail.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include "milter/ctl/configuration.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/unsubscribe_options.h"
#include "milter/ctl/unsubscribe_service.h"
#include "milter/http_server.h"
#include "milter/local_listener.h"
#include "milter/log_writer.h"
#include "milter/service_manager.h"
#include "milter/signals.h"
#include "policy/config/socket_address.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

constexpr int backlog = 128;

Result<LocalListener> open_listener(const UnsubscribeOptions& options,
                                    const UnsubscribeEndpointConfig& config) {
  const auto refuse = [](std::string_view text) {
    return fail(Code::config, fmt::format("unsubscribe.endpoint.address: {}", text));
  };
  const std::string& text = options.listen.empty() ? config.address : options.listen;
  const auto address = SocketAddress::parse(text);
  if (!address) return refuse(fmt::format("\"{}\": {}", text, address.error().text));
  if (!address->is_local() && !config.exposed) {
    return refuse(
        fmt::format("{}: other hosts may connect, and it speaks no TLS: expected unix: or a "
                    "loopback address, or \"exposed: yes\" where something stands between",
                    text));
  }
  return LocalListener::open({.address = text,
                              .owner = config.owner,
                              .group = config.group,
                              .mode = config.mode,
                              .section = "unsubscribe.endpoint",
                              .group_hint = "the web server's group"},
                             backlog);
}

std::string_view word_of(icm::Outcome outcome) {
  return outcome == icm::Outcome::unchanged ? "unsubscribed-before" : "unsubscribed";
}

Result<std::unique_ptr<SuppressionBook>> open_store(const StoreConfig& store,
                                                    std::chrono::seconds patience) {
  return open_book(store, Missing::refuse, Deadline::in(patience), credentials_directory());
}

// Opened for each wish: a book belongs to one thread, and one that stays open would not see that
// the store was replaced or came back.
Result<std::string> keep(const UnsubscribeSite& site, std::chrono::seconds patience,
                         const UnsubscribeWish& wish, std::string_view evidence) {
  ICM_TRY(const auto book, open_store(site.config.store, patience));
  ICM_TRY(const icm::Outcome outcome,
          keep_wish(site, *book, wish, "unsubscribe:web", evidence, "unsubscribe serve"));
  return std::string(word_of(outcome));
}

Result<std::unique_ptr<LogWriter>> open_log(LogConfig config, const Clock& clock) {
  config.decisions.clear();  // the daemon writes that file
  const char* const journal = std::getenv("JOURNAL_STREAM");
  return LogWriter::open(
      config, line_destination(config.destination, journal == nullptr ? "" : journal), clock);
}

// The service manager hears that this is alive only while connections are taken.
void wait_for_stop(Signals& signals, const HttpServer& server, const ServiceManager& manager) {
  const auto wait =
      manager.alive_every().count() > 0 ? manager.alive_every() : std::chrono::hours(1);
  std::uint64_t seen = 0;
  for (;;) {  // HUP is not for us: keys and configuration are read at the start
    const std::optional<int> signal = signals.next(wait);
    if (signal == SIGTERM || signal == SIGINT) return;
    const std::uint64_t pulses = server.pulses();
    if (pulses != seen) manager.alive();
    seen = pulses;
  }
}

Status run(const UnsubscribeOptions& options) {
  ICM_TRY(UnsubscribeSite site, load_unsubscribe_site(options.config));
  const UnsubscribeEndpointConfig& config = site.config.unsubscribe.endpoint;
  if (site.place.url.empty()) {
    return fail(Code::config, "unsubscribe.url: there is no https form to answer for");
  }
  ICM_TRY(Signals signals, Signals::open());
  const ServiceManager manager;
  const SystemClock clock;
  ICM_TRY(const auto log, open_log(site.config.log, clock));
  ICM_TRY(LocalListener listener, open_listener(options, config));

  // Half of the time of a request is for the store, so that it can still be said that it is away.
  const std::chrono::seconds patience = std::max(config.deadline / 2, std::chrono::seconds(1));
  // What would fail with every wish is told at the start; it may come back, and is asked for then.
  if (const auto book = open_store(site.config.store, patience); !book) {
    log->say(LogLevel::warning, fmt::format("unsubscribe: {}; until then every wish is answered "
                                            "with 503, so that it is tried again",
                                            book.error().text));
  }
  UnsubscribeService service(
      site.tokens, site.place, config,
      [&](const UnsubscribeWish& wish, std::string_view evidence) {
        return keep(site, patience, wish, evidence);
      },
      [] { return std::chrono::steady_clock::now(); }, *log);
  log->say(LogLevel::info,
           fmt::format("unsubscribe: icloud-milterctl {} serves {} at {}", ICM_VERSION,
                       site.place.url, options.listen.empty() ? config.address : options.listen));
  {
    HttpServer::Limits limits;
    limits.connections = config.connections;
    limits.deadline = config.deadline;
    if (manager.alive_every().count() > 0) limits.pulse = manager.alive_every() / 2;
    std::optional<SignalsBlocked> blocked(std::in_place);
    const HttpServer server(listener.take_socket(), limits, page_fields(),
                            [&](const HttpRequest& request) { return service.answer(request); });
    blocked.reset();
    manager.ready(fmt::format("serves {}", site.place.url));
    wait_for_stop(signals, server, manager);
    manager.stopping();
    listener.withdraw();
  }
  log->say(LogLevel::info, "unsubscribe: stopped; every request was answered");
  return {};
}

}  // namespace

Exit unsubscribe_serve(const UnsubscribeOptions& options) {
  const Status done = run(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
