// SPDX-License-Identifier: Apache-2.0
//
// HostileNameServer: a name server on a loopback port that misbehaves as the first label of the
// question tells it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/base/name_server.h"
#include "policy/dns/zone_resolver.h"
#include "test/support/dns_wire.h"

namespace icm {

// Answers from a zone, or without one A questions with 192.0.2.1, TTL 60, over UDP and TCP; but
// when the first label, or the first behind one with an underscore (_dmarc, _domainkey), begins
// with
//   silent     never
//   lateN      N milliseconds after it was first asked, as a resolver that must find out itself
//   garbage    octets that are no message
//   short      the first half of an answer
//   wrongid    an answer to another question's id
//   wrongname  an answer to another name, in the question too
//   aside      an answer whose record belongs to another name
//   onlytcp    truncated; over TCP as it should be
//   deadtcp    truncated; over TCP never
//   cuttcp     truncated; over TCP the connection is closed
//   halftcp    truncated; over TCP half of the answer, and then nothing
//   huge       truncated; over TCP 3000 records
//   servfail, refused, notimp   with that RCODE and nothing else
//   badrdata   an address of three octets, a text that ends before its length
//   knot       a name that points at itself by compression
//   loop       an alias of itself
//   chainN     an alias of the same name with N + 1
// One thread each for UDP and TCP; what is late is sent by the first.
class HostileNameServer {
 public:
  using Time = std::chrono::steady_clock;
  enum class Afterwards { keep, close, ignore };  // what becomes of a connection

  // What was asked over UDP, each question once: when it came first, and when its answer was due.
  struct Wait {
    std::string name;
    unsigned type = 0;
    Time::time_point asked;
    Time::time_point answered;
  };

  // `zone` is JSON as ZoneResolver reads it. Every answer comes `lateness` after it was first asked
  // for, as a resolver that must find out itself.
  explicit HostileNameServer(std::string_view zone = {}, std::chrono::milliseconds lateness = {});
  ~HostileNameServer();
  HostileNameServer(const HostileNameServer&) = delete;
  HostileNameServer& operator=(const HostileNameServer&) = delete;

  NameServer address() const;

  // Datagrams that asked for exactly this name.
  int count(const std::string& name);

  std::vector<Wait> waits();

 private:
  ZoneResolver* zone() { return zone_ ? &*zone_ : nullptr; }
  Wait& note(const dns_wire::Question& question);
  void serve_datagrams();
  Afterwards serve_stream(int connection, std::string& received);
  void serve_connections();

  const std::chrono::milliseconds lateness_;
  std::optional<ZoneResolver> zone_;
  int udp_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::vector<Wait> waits_;
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

// Questions that waited at the same time, and questions of which each came after the one before it
// was answered: what the lookups of a message cost in waiting.
std::size_t most_at_once(const std::vector<HostileNameServer::Wait>& waits);
std::size_t most_in_a_row(std::vector<HostileNameServer::Wait> waits);

}  // namespace icm
