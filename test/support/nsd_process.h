// SPDX-License-Identifier: Apache-2.0
//
// NsdProcess: a real authoritative name server on a loopback port, with the zones of a test.
#pragma once

#include <map>
#include <string>

#include <sys/types.h>

#include "policy/base/name_server.h"
#include "test/support/temporary_directory.h"

namespace icm {

// Zone name without the final dot → its records, one a line, relative to it. SOA and NS are added,
// negative answers live 30 seconds; a text that begins with "$ORIGIN" is taken as it is.
using Zones = std::map<std::string, std::string>;

// Ended and reaped when destroyed. Throws when nsd does not start.
class NsdProcess {
 public:
  explicit NsdProcess(const Zones& zones, int port = 0);  // 0: any that is free
  ~NsdProcess();
  NsdProcess(const NsdProcess&) = delete;
  NsdProcess& operator=(const NsdProcess&) = delete;

  NameServer address() const;
  void stop();    // nobody answers afterwards
  void freeze();  // questions are taken and not answered, until stop()

 private:
  bool start(const Zones& zones);

  TemporaryDirectory directory_;
  int port_;
  pid_t pid_ = -1;
};

}  // namespace icm
