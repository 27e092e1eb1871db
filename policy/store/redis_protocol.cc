// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_protocol.h"

#include <memory>

#include <hiredis/hiredis.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

using Kind = RedisReply::Kind;

// What the functions below, which hiredis calls, may use up for one reply.
struct Budget {
  std::size_t items_left = RedisReplyReader::most_items;
  bool is_exceeded = false;
};

// Makes a reply where it goes: into its list, which owns it, or by itself. hiredis is C: nothing
// may fly through it. A null pointer makes it stop.
template <class Fill>
void* placed(const redisReadTask* task, Fill fill) noexcept {
  try {
    if (task->parent != nullptr) {
      auto* list = static_cast<RedisReply*>(task->parent->obj);
      RedisReply& item = list->items.at(static_cast<std::size_t>(task->idx));
      fill(item);
      return &item;
    }
    auto reply = std::make_unique<RedisReply>();
    fill(*reply);
    return reply.release();
  } catch (...) {
    return nullptr;
  }
}

void* make_text(const redisReadTask* task, char* octets, std::size_t length) {
  return placed(task, [&](RedisReply& reply) {
    reply.kind = task->type == REDIS_REPLY_ERROR    ? Kind::error
                 : task->type == REDIS_REPLY_STATUS ? Kind::status
                                                    : Kind::text;
    reply.text.assign(octets, length);
  });
}

// The length is what the server claims: hiredis 0.14 hands on what is left of it in an int.
void* make_list(const redisReadTask* task, int length) {
  auto& budget = *static_cast<Budget*>(task->privdata);
  if (length < 0 || static_cast<std::size_t>(length) > budget.items_left) {
    budget.is_exceeded = true;
    return nullptr;
  }
  budget.items_left -= static_cast<std::size_t>(length);
  return placed(task, [&](RedisReply& reply) {
    reply.kind = Kind::list;
    reply.items.resize(static_cast<std::size_t>(length));
  });
}

void* make_number(const redisReadTask* task, long long number) {
  return placed(task, [&](RedisReply& reply) {
    reply.kind = Kind::number;
    reply.number = number;
  });
}

void* make_nothing(const redisReadTask* task) {
  return placed(task, [](RedisReply&) {});
}

void release_reply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions functions = {make_text, make_list, make_number, make_nothing,
                                       release_reply};

}  // namespace

std::string to_string(const RedisReply& reply) {
  switch (reply.kind) {
    case Kind::nothing:
      return "nothing";
    case Kind::text:
    case Kind::status:
    case Kind::error:
      return fmt::format("\"{}\"", for_log(reply.text, 120));
    case Kind::number:
      return fmt::format("{}", reply.number);
    case Kind::list:
      return fmt::format("a list of {}", reply.items.size());
  }
  return "invalid";
}

Result<std::string> encode(const RedisCommand& command) {
  std::vector<const char*> parts;
  std::vector<std::size_t> lengths;
  for (const std::string& part : command) {
    parts.push_back(part.data());
    lengths.push_back(part.size());
  }
  char* octets = nullptr;
  const int length =
      redisFormatCommandArgv(&octets, static_cast<int>(parts.size()), parts.data(), lengths.data());
  const Handle<char, redisFreeCommand> owned(octets);
  if (length < 0) return fail(Code::temporary, "out of memory for a command");
  return std::string(octets, static_cast<std::size_t>(length));
}

struct RedisReplyReader::Parser {
  Handle<redisReader, redisReaderFree> reader;
  Budget budget;
  std::size_t octets = 0;  // fed since the last whole reply
};

void RedisReplyReader::ParserRelease::operator()(Parser* parser) const noexcept { delete parser; }

RedisReplyReader::RedisReplyReader(std::unique_ptr<Parser, ParserRelease> parser)
    : parser_(std::move(parser)) {}

Result<RedisReplyReader> RedisReplyReader::make() {
  std::unique_ptr<Parser, ParserRelease> parser(new Parser());
  parser->reader.reset(redisReaderCreateWithFunctions(&functions));
  if (parser->reader == nullptr) return fail(Code::temporary, "out of memory for a connection");
  parser->reader->privdata = &parser->budget;
  return RedisReplyReader(std::move(parser));
}

bool RedisReplyReader::is_empty() const { return parser_->octets == 0; }

Status RedisReplyReader::feed(std::string_view octets) {
  parser_->octets += octets.size();
  if (redisReaderFeed(parser_->reader.get(), octets.data(), octets.size()) == REDIS_OK) return {};
  return fail(Code::temporary, "out of memory for a reply");
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  void* object = nullptr;
  if (redisReaderGetReply(parser_->reader.get(), &object) != REDIS_OK) {
    if (parser_->budget.is_exceeded) {
      return fail(Code::temporary,
                  fmt::format("a reply of more than {} items; is this Redis?", most_items));
    }
    return fail(Code::temporary, fmt::format("what came is no reply of Redis: {}",
                                             for_log(redisReaderGetError(parser_->reader.get()))));
  }
  if (object == nullptr) {
    if (parser_->octets <= most_octets) return std::optional<RedisReply>();
    return fail(Code::temporary,
                fmt::format("a reply of more than {} octets; is this Redis?", most_octets));
  }
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(object));
  // What belongs to the next reply has been fed already.
  parser_->octets = parser_->reader->len - parser_->reader->pos;
  parser_->budget = Budget();
  return std::optional(std::move(*reply));
}

}  // namespace icm
