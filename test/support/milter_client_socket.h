// SPDX-License-Identifier: Apache-2.0
//
// MilterSocket: a stream to a filter that carries packets. Writes are gathered until an answer is
// needed, as a mail server's buffered stream does; reads are bounded in length and in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

// One thread at a time. Closed when destroyed.
class MilterSocket {
 public:
  // `address` as in milter.conf: unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS with a numeric
  // ADDRESS. No read or write waits longer than `patience`.
  [[nodiscard]] static Result<MilterSocket> connect(std::string_view address,
                                                    std::chrono::milliseconds patience);

  MilterSocket(MilterSocket&& other) noexcept;
  MilterSocket& operator=(MilterSocket&& other) noexcept;
  ~MilterSocket();

  struct Packet {
    char command = 0;
    std::string content;
  };

  // Queues one packet; large content goes out at once.
  [[nodiscard]] Status send(char command, std::string_view content);
  [[nodiscard]] Status flush();

  // Flushes, then reads one packet. Code::temporary: nothing came in time, or the filter closed.
  // Code::permanent: the filter sent what no packet can be.
  [[nodiscard]] Result<Packet> receive();

  // For tests of a filter's defences: octets as they are, without a packet around them.
  [[nodiscard]] Status send_raw(std::string_view octets);

  // True when the filter has closed its end, waiting at most `span` for it.
  bool closed_within(std::chrono::milliseconds span);

  void close();

 private:
  explicit MilterSocket(int descriptor, std::chrono::milliseconds patience);
  Status write_all(std::string_view first, std::string_view second);
  Status fill(std::size_t octets);

  int descriptor_ = -1;
  std::chrono::milliseconds patience_;
  std::string pending_;
  std::vector<char> input_;
  std::size_t read_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace icm
