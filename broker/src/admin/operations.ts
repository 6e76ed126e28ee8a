import type { Operation } from './operation.js';
import { deleteGroup } from './operations/delete-group.js';
import { deleteOrderConfiguration } from './operations/delete-order-configuration.js';
import { deleteTopic } from './operations/delete-topic.js';
import { deleteTopicRoute } from './operations/delete-topic-route.js';
import { getClusterInfo } from './operations/get-cluster-info.js';
import { getConsumeStats } from './operations/get-consume-stats.js';
import { getConsumerConnections } from './operations/get-consumer-connections.js';
import { getGroupConfig } from './operations/get-group-config.js';
import { getMaxOffset } from './operations/get-max-offset.js';
import { getMinOffset } from './operations/get-min-offset.js';
import { getProducerConnections } from './operations/get-producer-connections.js';
import { getRuntimeInfo } from './operations/get-runtime-info.js';
import { getStatsData } from './operations/get-stats-data.js';
import { getTopicConfig } from './operations/get-topic-config.js';
import { getTopicRoute } from './operations/get-topic-route.js';
import { getTopicStats } from './operations/get-topic-stats.js';
import { listClusterTopics } from './operations/list-cluster-topics.js';
import { listGroups } from './operations/list-groups.js';
import { listGroupsOfTopic } from './operations/list-groups-of-topic.js';
import { listTopicConfigs } from './operations/list-topic-configs.js';
import { listTopics } from './operations/list-topics.js';
import { queryMessages } from './operations/query-messages.js';
import { resetOffset } from './operations/reset-offset.js';
import { searchOffset } from './operations/search-offset.js';
import { updateConsumerOffset } from './operations/update-consumer-offset.js';
import { updateGroup } from './operations/update-group.js';
import { updateTopic } from './operations/update-topic.js';
import { viewMessage } from './operations/view-message.js';

/** All that the admin plane can do. */
export const operations: readonly Operation[] = [
  // What a name server answers for RocketMQ.
  ...[
    getClusterInfo,
    getTopicRoute,
    listTopics,
    listClusterTopics,
    deleteTopicRoute,
    deleteOrderConfiguration,
  ],
  // Topics.
  ...[updateTopic, deleteTopic, getTopicConfig, listTopicConfigs, getTopicStats, listGroupsOfTopic],
  // Consumer groups and clients.
  ...[updateGroup, deleteGroup, getGroupConfig, listGroups, getConsumerConnections, getProducerConnections],
  // Progress.
  ...[getConsumeStats, resetOffset, updateConsumerOffset, searchOffset, getMaxOffset, getMinOffset],
  // Messages, and the broker itself.
  ...[queryMessages, viewMessage, getRuntimeInfo, getStatsData],
];
