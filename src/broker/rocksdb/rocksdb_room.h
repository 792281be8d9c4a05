// What a broker answers about RocksDB whose queues, tables and POP records are not kept in it: 354, 355, 200056.
// Source: spec protocol 6.8.
#pragma once

#include "broker/core/context.h"
#include "remoting/router.h"
#include "wire/headers/admin.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection.
class RocksdbRoom {
 public:
  explicit RocksdbRoom(BrokerContext&) {}

  /// 2: "under way". Java answers so at once and tells the outcome to its log, where there is none either without RocksDB.
  remoting::Answer check_progress(const wire::CheckRocksdbHeader&, remoting::Request& request) { return request.ok_body(R"({"checkStatus":2})"); }
  /// The tables are JSON files already.
  remoting::Answer export_config(const wire::ExportRocksdbHeader&, remoting::Request& request) {
    return request.answer(wire::ResponseCode::SUCCESS, wire::NoHeader{}, "export done.");
  }
  /// There are no records of POP in RocksDB to be moved to files.
  remoting::Answer roll_back_pop(const wire::NoHeader&, remoting::Request& request) { return request.ok(); }

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::CHECK_ROCKSDB_CQ_WRITE_PROGRESS, &RocksdbRoom::check_progress>,
                                  remoting::Route<wire::RequestCode::EXPORT_ROCKSDB_CONFIG_TO_JSON, &RocksdbRoom::export_config>,
                                  remoting::Route<wire::RequestCode::POP_ROLLBACK, &RocksdbRoom::roll_back_pop>>;
};

}  // namespace mq::broker
