// SPDX-License-Identifier: Apache-2.0
//
// HostileNameServer: a name server on a loopback port that misbehaves as the first label of the
// question tells it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "policy/base/name_server.h"

namespace icm {

// Answers A questions with 192.0.2.1, TTL 60, over UDP and TCP; but when the first label begins
// with
//   silent     never
//   lateN      N milliseconds after it was first asked, as a resolver that must find out itself
//   garbage    octets that are no message
//   short      the first half of an answer
//   wrongid    an answer to another question's id
//   wrongname  an answer to another name, in the question too
//   aside      an answer whose record belongs to another name
//   deadtcp    truncated; over TCP never
//   cuttcp     truncated; over TCP the connection is closed
//   halftcp    truncated; over TCP half of the answer, and then nothing
//   huge       truncated; over TCP 3000 records
//   servfail, refused, notimp   with that RCODE and nothing else
//   badrdata   an address of three octets
//   knot       a name that points at itself by compression
// One thread each for UDP and TCP; what is late is sent by the first.
class HostileNameServer {
 public:
  HostileNameServer();
  ~HostileNameServer();
  HostileNameServer(const HostileNameServer&) = delete;
  HostileNameServer& operator=(const HostileNameServer&) = delete;

  NameServer address() const;

  // Datagrams that asked for exactly this name.
  int count(const std::string& name);

 private:
  void serve_datagrams();
  void serve_connections();

  int udp_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

}  // namespace icm
