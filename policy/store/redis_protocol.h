// SPDX-License-Identifier: Apache-2.0
//
// Redis's protocol (RESP2) as our own types: commands into octets, octets into replies. hiredis
// does the parsing; how much is taken from a server that lies is limited here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

using RedisCommand = std::vector<std::string>;  // its name and arguments, any octets

struct RedisReply {
  enum class Kind { nothing, text, status, error, number, list };
  Kind kind = Kind::nothing;
  std::string text{};  // of a text, status or error
  std::int64_t number = 0;
  std::vector<RedisReply> items{};  // of a list

  bool is_error(std::string_view word) const {
    return kind == Kind::error && text.starts_with(word) &&
           (text.size() == word.size() || text[word.size()] == ' ');
  }
  bool operator==(const RedisReply&) const = default;
};

// What a reply is, in words for an Error: "a list of 3", "\"OK\"".
std::string to_string(const RedisReply& reply);

// As it goes over the wire.
[[nodiscard]] Result<std::string> encode(const RedisCommand& command);

// Not synchronised. After an Error nothing more can be read: the connection must be dropped.
class RedisReplyReader {
 public:
  static constexpr std::size_t most_octets = std::size_t{16} << 20;  // of one reply
  static constexpr std::size_t most_items = std::size_t{1} << 17;    // in one reply, at any depth

  static Result<RedisReplyReader> make();

  // Takes what came from the server.
  [[nodiscard]] Status feed(std::string_view octets);

  // The next whole reply, when there is one. An Error (Code::temporary) when it is none of Redis's.
  [[nodiscard]] Result<std::optional<RedisReply>> next();

  // Whether all that was fed has been read.
  bool is_empty() const;

 private:
  struct Parser;
  struct ParserRelease {
    void operator()(Parser* parser) const noexcept;
  };
  explicit RedisReplyReader(std::unique_ptr<Parser, ParserRelease> parser);
  std::unique_ptr<Parser, ParserRelease> parser_;
};

}  // namespace icm
