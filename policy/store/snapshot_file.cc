// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/text.h"
#include "policy/base/unique_fd.h"

namespace icm {
namespace {

constexpr std::array<char, 8> magic = {'I', 'C', 'M', 'S', 'N', 'A', 'P', '\n'};
constexpr std::uint32_t version = 1;
constexpr std::uint32_t byte_order = 0x01020304;
constexpr std::size_t chunk = std::size_t{1} << 20;  // read and verified at a time

// Values are of the machine's own byte order; `byte_order` tells when they are not.
struct Numbers {
  std::array<char, 8> magic{};
  std::uint32_t byte_order = 0;
  std::uint32_t version = 0;
  KeyedHash::Key key{};
  std::uint64_t records = 0;
  std::uint32_t cursor = 0;   // octets
  std::uint32_t scopes = 0;   // octets
  std::uint64_t content = 0;  // checksum of all behind the header
};
static_assert(sizeof(Numbers) == 56, "there are no gaps, which would have no value");

std::string_view octets_of(const Numbers& numbers) {
  return {reinterpret_cast<const char*>(&numbers), sizeof numbers};
}

// Of what is given piece by piece: the hash of each piece together with that of all before it.
class Checksum {
 public:
  explicit Checksum(const KeyedHash& hash) : hash_(hash) {}
  void add(std::string_view piece) {
    const std::array<std::uint64_t, 2> both = {value_, hash_(piece)};
    value_ = hash_({reinterpret_cast<const char*>(both.data()), sizeof both});
  }
  std::uint64_t value() const { return value_; }

 private:
  KeyedHash hash_;
  std::uint64_t value_ = 0;
};

tl::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail(Code::permanent, fmt::format("{}: {}", path, what));
}

Status read_exactly(int file, char* octets, std::size_t count, const std::string& path) {
  while (count > 0) {
    const ssize_t done = ::read(file, octets, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      return fail(Code::temporary,
                  fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
    }
    if (done == 0) return damaged(path, "it was cut short while it was being read");
    octets += done;
    count -= static_cast<std::size_t>(done);
  }
  return {};
}

Status write_all(int file, std::string_view octets, const std::string& path) {
  while (!octets.empty()) {
    const ssize_t done = ::write(file, octets.data(), octets.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      return fail(Code::temporary,
                  fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
    }
    octets.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += scope + '\n';
  return text;
}

}  // namespace

struct SnapshotFile::Header {
  Numbers numbers;
  std::uint64_t checksum = 0;
};

bool SnapshotFile::is_there(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0;
}

// What is cheap to check, all of it.
Result<SnapshotFile::Header> SnapshotFile::read_header(int file, const std::string& path) {
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    return damaged(path, "expected a file");
  }
  if ((about.st_uid != ::geteuid() && about.st_uid != 0) || (about.st_mode & 022) != 0) {
    return damaged(path, fmt::format("expected a file that only user {} can write, found one of "
                                     "user {} with mode {:04o}",
                                     ::geteuid(), about.st_uid, about.st_mode & 07777u));
  }
  const auto size = static_cast<std::uint64_t>(about.st_size);
  Header header;
  if (size < sizeof header) {
    return damaged(path, fmt::format("expected a snapshot, found {} octets", size));
  }
  ICM_CHECK(read_exactly(file, reinterpret_cast<char*>(&header), sizeof header, path));
  const Numbers& numbers = header.numbers;
  if (numbers.magic != magic) return damaged(path, "expected a snapshot, found something else");
  if (numbers.byte_order != byte_order || numbers.version != version) {
    return damaged(path, "expected a snapshot of this release and this kind of machine");
  }
  if (header.checksum != KeyedHash(numbers.key)(octets_of(numbers))) {
    return damaged(path, "its header is damaged");
  }
  const std::uint64_t content = std::uint64_t{numbers.cursor} + numbers.scopes;
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (numbers.records >= most ||
      size != sizeof header + content + numbers.records * sizeof(SnapshotRecord)) {
    return damaged(
        path,
        fmt::format("expected {} octets, found {}",
                    sizeof header + content + numbers.records * sizeof(SnapshotRecord), size));
  }
  return header;
}

Result<AddressSnapshot> SnapshotFile::read(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    return fail(Code::temporary, fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  }
  ICM_TRY(const Header header, read_header(file.get(), path));
  const Numbers& numbers = header.numbers;
  const KeyedHash hash(numbers.key);
  Checksum checksum(hash);
  std::string cursor(numbers.cursor, '\0');
  ICM_CHECK(read_exactly(file.get(), cursor.data(), cursor.size(), path));
  checksum.add(cursor);
  std::string names(numbers.scopes, '\0');
  ICM_CHECK(read_exactly(file.get(), names.data(), names.size(), path));
  checksum.add(names);
  auto scopes = std::make_shared<AddressSnapshot::Scopes>();
  for (const std::string_view name : split(names, '\n')) {
    if (!name.empty()) scopes->emplace_back(name);
  }
  AddressSnapshot snapshot(hash, std::move(scopes), std::move(cursor), numbers.records);
  char* const records = reinterpret_cast<char*>(snapshot.records_.get());
  const std::size_t octets = numbers.records * sizeof(SnapshotRecord);
  for (std::size_t at = 0; at < octets; at += chunk) {
    const std::size_t count = std::min(chunk, octets - at);
    ICM_CHECK(read_exactly(file.get(), records + at, count, path));
    checksum.add({records + at, count});
  }
  if (checksum.value() != numbers.content) return damaged(path, "its content is damaged");
  snapshot.index_all();
  return snapshot;
}

Status SnapshotFile::write(const std::string& path, const AddressSnapshot& snapshot) {
  const std::string names = joined(*snapshot.scopes_);
  const std::span<const SnapshotRecord> all = snapshot.all();
  const std::string_view records(reinterpret_cast<const char*>(all.data()), all.size_bytes());
  Checksum checksum(snapshot.hash_);
  checksum.add(snapshot.cursor_);
  checksum.add(names);
  for (std::size_t at = 0; at < records.size(); at += chunk)
    checksum.add(records.substr(at, chunk));
  const Numbers numbers{.magic = magic,
                        .byte_order = byte_order,
                        .version = version,
                        .key = snapshot.hash_.key(),
                        .records = snapshot.size(),
                        .cursor = static_cast<std::uint32_t>(snapshot.cursor_.size()),
                        .scopes = static_cast<std::uint32_t>(names.size()),
                        .content = checksum.value()};
  const Header header{numbers, snapshot.hash_(octets_of(numbers))};
  // Anew each time: two who write at once then have a file each, and one of the two prevails.
  const std::string next = path + ".new";
  ::unlink(next.c_str());
  const auto write_file = [&]() -> Status {
    const UniqueFd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!file) {
      return fail(Code::temporary,
                  fmt::format("{}: cannot be made: {}", next, std::strerror(errno)));
    }
    ICM_CHECK(write_all(file.get(), {reinterpret_cast<const char*>(&header), sizeof header}, next));
    ICM_CHECK(write_all(file.get(), snapshot.cursor_, next));
    ICM_CHECK(write_all(file.get(), names, next));
    return write_all(file.get(), records, next);
  };
  Status written = write_file();
  if (written && ::rename(next.c_str(), path.c_str()) != 0) {
    written = fail(Code::temporary,
                   fmt::format("{}: cannot be put in place: {}", path, std::strerror(errno)));
  }
  if (!written) ::unlink(next.c_str());
  return written;
}

}  // namespace icm
