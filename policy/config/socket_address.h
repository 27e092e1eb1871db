// SPDX-License-Identifier: Apache-2.0
//
// SocketAddress: where a milter listens, in libmilter's notation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

struct SocketAddress {
  enum class Family { unix_path, inet, inet6 };
  Family family = Family::unix_path;
  std::string path;        // of a unix socket: absolute, short enough for sockaddr_un
  std::uint16_t port = 0;  // of the others, never 0
  std::string host;        // an address of the family without brackets, or a host name

  // "unix:PATH", "inet:PORT@HOST", "inet6:PORT@HOST". The Error (Code::config) says what is
  // wrong with `text` and how to write it, to be put behind a place that quotes `text`.
  [[nodiscard]] static Result<SocketAddress> parse(std::string_view text);

  // True when nobody but this host can connect.
  bool is_local() const;

  // As libmilter's smfi_setconn takes it.
  std::string text() const;

  bool operator==(const SocketAddress&) const = default;
};

}  // namespace icm
