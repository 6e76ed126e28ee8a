package nomos.conformance;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;

/** Delayed messages. */
final class TimingRows {
    /** Sent in this order; due in another one, and not at whole seconds. */
    private static final List<Integer> DELAYS_MS = List.of(4_250, 2_700, 3_333, 6_001, 2_050);

    static final Map<String, RowProgram> ROWS = Map.of(
        "delay-on-time", TimingRows::deliverOnTime,
        "delay-past", TimingRows::deliverAtOnce,
        "delay-too-far", TimingRows::refuseFarTime,
        "recall", TimingRows::recall,
        "recall-unknown", TimingRows::refuseBrokenHandle);

    private TimingRows() {
    }

    private static SendReceipt sendAt(RowClients clients, Producer producer, String body, long dueMs)
        throws Exception {
        return producer.send(Messages.of(clients.topic(), body).setDeliveryTimestamp(dueMs).build());
    }

    private static void deliverOnTime(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        Inbox inbox = new Inbox();
        clients.push(inbox);
        // The push consumer polls from a second after its start on.
        Thread.sleep(2_000);
        Map<String, Long> dueAtMs = new HashMap<>();
        for (int delayMs : DELAYS_MS) {
            long dueMs = System.currentTimeMillis() + delayMs;
            sendAt(clients, producer, "D-" + delayMs, dueMs);
            dueAtMs.put("D-" + delayMs, dueMs);
        }
        inbox.waitFor(DELAYS_MS.size());
        Check.same("delivered", inbox.bodies(), dueAtMs.keySet());
        for (Inbox.Delivery delivery : inbox.deliveries()) {
            long lateMs = delivery.atMs() - dueAtMs.get(delivery.body());
            Check.duration(delivery.body() + " came", lateMs, 0, clients.plan.number("delayLateMs"));
            Check.equal("delivery timestamp", delivery.message().getDeliveryTimestamp().orElse(null),
                dueAtMs.get(delivery.body()));
        }
    }

    private static void deliverAtOnce(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        long sentAtMs = System.currentTimeMillis();
        sendAt(clients, producer, "past", sentAtMs - 60_000);
        consumer.ack(Messages.receiveOne(consumer));
        long latestMs = 1_000 + clients.plan.number("delayLateMs");
        Check.duration("the message came", System.currentTimeMillis() - sentAtMs, 0, latestMs);
    }

    private static void refuseFarTime(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        long dueMs = System.currentTimeMillis() + Duration.ofDays(50).toMillis();
        Refusal.ILLEGAL_DELIVERY_TIME.expect(() -> sendAt(clients, producer, "far", dueMs));
    }

    private static void recall(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        Inbox inbox = new Inbox();
        clients.push(inbox);
        long nowMs = System.currentTimeMillis();
        SendReceipt recalled = sendAt(clients, producer, "recalled", nowMs + 4_000);
        sendAt(clients, producer, "kept", nowMs + 5_000);
        String handle = recalled.getRecallHandle();
        Check.holds(handle != null && !handle.isEmpty(), "the receipt of a delayed message has no recall handle");
        Check.equal("recalled message id", producer.recallMessage(clients.topic(), handle).getMessageId(),
            recalled.getMessageId());
        inbox.waitFor(1);
        Thread.sleep(1_500);
        Check.equal("delivered", inbox.bodies(), List.of("kept"));
    }

    private static void refuseBrokenHandle(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        Refusal.expectText("response-code=4\\d{4}", () -> producer.recallMessage(clients.topic(), "no-such-handle"));
    }
}
