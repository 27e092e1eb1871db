// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl unsubscribe serve: a process of its own, so that what strangers send over HTTP
// never comes near the daemon that judges mail.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/http_server.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/unsubscribe_options.h"
#include "milter/ctl/unsubscribe_service.h"
#include "milter/host_socket.h"
#include "milter/log_writer.h"
#include "milter/service_manager.h"
#include "milter/signals.h"
#include "milter/socket_file.h"
#include "policy/config/socket_address.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

constexpr int backlog = 128;
constexpr std::string_view option = "unsubscribe.endpoint.address";

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> refuse(std::string text) {
  return fail(Code::config, fmt::format("{}: {}", option, text));
}

struct Listener {
  UniqueFd socket;
  SocketFile file;
};

Result<Listener> listen_on_host(const SocketAddress& address) {
  auto socket = bind_to_host(address);
  if (!socket) return refuse(socket.error().text);
  if (::listen(socket->get(), backlog) != 0) {
    return refuse(fmt::format("cannot listen on {}: {}", address.text(), reason(errno)));
  }
  return Listener{.socket = *std::move(socket), .file = {}};
}

Result<Listener> listen_on_path(const SocketAddress& address,
                                const UnsubscribeEndpointConfig& config) {
  Listener listener{
      .socket = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      .file = {}};
  const SocketPlace place{.path = address.path,
                          .owner = config.owner,
                          .group = config.group,
                          .mode = static_cast<mode_t>(config.mode),
                          .section = "unsubscribe.endpoint",
                          .path_option = option,
                          .group_hint = "the web server's group"};
  const auto bind = [&](const std::string& path) -> Status {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), std::min(path.size(), sizeof name.sun_path - 1));
    if (::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
        ::listen(listener.socket.get(), backlog) == 0) {
      return {};
    }
    return refuse(fmt::format("cannot listen at {}: {}", path, reason(errno)));
  };
  ICM_TRY(listener.file, SocketFile::put(place, bind));
  return listener;
}

Result<Listener> open_listener(const UnsubscribeOptions& options,
                               const UnsubscribeEndpointConfig& config) {
  const std::string& text = options.listen.empty() ? config.address : options.listen;
  const auto address = SocketAddress::parse(text);
  if (!address) return refuse(fmt::format("\"{}\": {}", text, address.error().text));
  if (!address->is_local() && !config.exposed) {
    return refuse(
        fmt::format("{}: other hosts may connect, and it speaks no TLS: expected unix: or a "
                    "loopback address, or \"exposed: yes\" where something stands between",
                    text));
  }
  return address->family == SocketAddress::Family::unix_path ? listen_on_path(*address, config)
                                                             : listen_on_host(*address);
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
  ICM_TRY(Listener listener, open_listener(options, config));

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
    const HttpServer server(std::move(listener.socket), limits, page_fields(),
                            [&](const HttpRequest& request) { return service.answer(request); });
    blocked.reset();
    manager.ready(fmt::format("serves {}", site.place.url));
    wait_for_stop(signals, server, manager);
    manager.stopping();
    listener.file.withdraw();
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
