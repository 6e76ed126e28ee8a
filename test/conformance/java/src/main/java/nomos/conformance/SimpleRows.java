package nomos.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;

/** Simple consumers: acknowledgement and invisible durations. */
final class SimpleRows {
    /** RocketMQ allows no shorter invisible duration of a receive. */
    private static final Duration INVISIBLE = Duration.ofSeconds(10);
    private static final int EARLY_MS = 20;
    private static final int BATCH_MAX = 32;

    static final Map<String, RowProgram> ROWS = Map.of(
        "simple-ack", SimpleRows::acknowledge,
        "simple-redelivery", SimpleRows::redeliver,
        "simple-extend", SimpleRows::extend,
        "simple-shorten", SimpleRows::shorten,
        "simple-expired", SimpleRows::refuseExpired,
        "simple-batch", SimpleRows::capBatch,
        "simple-invisible-limits", SimpleRows::refuseInvisible);

    /** A consumer that holds a message. */
    private record Holding(SimpleConsumer consumer, MessageView message, long atMs) {
    }

    private SimpleRows() {
    }

    private static Holding receiveSent(RowClients clients, String body) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        SendReceipt receipt = producer.send(Messages.of(clients.topic(), body).build());
        MessageView message = Messages.receiveOne(consumer, INVISIBLE, 20_000);
        Check.equal("message id", message.getMessageId(), receipt.getMessageId());
        Check.equal("first attempt", message.getDeliveryAttempt(), 1);
        return new Holding(consumer, message, System.currentTimeMillis());
    }

    private static void acknowledge(RowClients clients) throws Exception {
        Holding holding = receiveSent(clients, "acknowledged");
        holding.consumer().ack(holding.message());
        holding.consumer().ack(holding.message());
        Messages.receiveNone(holding.consumer(), INVISIBLE.toMillis() + clients.plan.number("redeliveryLateMs"));
    }

    private static void redeliver(RowClients clients) throws Exception {
        Holding holding = receiveSent(clients, "not acknowledged");
        MessageView again = Messages.receiveOne(holding.consumer(), INVISIBLE, 20_000);
        // The invisible duration began when the broker answered, a little before the message was here.
        Check.duration("the message came again", System.currentTimeMillis() - holding.atMs(),
            INVISIBLE.toMillis() - 500, INVISIBLE.toMillis() + clients.plan.number("redeliveryLateMs"));
        Check.equal("message id", again.getMessageId(), holding.message().getMessageId());
        Check.equal("second attempt", again.getDeliveryAttempt(), 2);
        holding.consumer().ack(again);
        Messages.receiveNone(holding.consumer(), 2_000);
    }

    private static void extend(RowClients clients) throws Exception {
        Holding holding = receiveSent(clients, "extended");
        holding.consumer().changeInvisibleDuration(holding.message(), INVISIBLE.multipliedBy(2));
        Messages.receiveNone(holding.consumer(), INVISIBLE.toMillis() + clients.plan.number("redeliveryLateMs"));
        // The client keeps the new handle to itself; without it this would be refused.
        holding.consumer().ack(holding.message());
        Messages.receiveNone(holding.consumer(), INVISIBLE.toMillis());
    }

    private static void shorten(RowClients clients) throws Exception {
        Holding holding = receiveSent(clients, "given back");
        long changedAtMs = System.currentTimeMillis();
        holding.consumer().changeInvisibleDuration(holding.message(), Duration.ofSeconds(2));
        MessageView again = Messages.receiveOne(holding.consumer(), INVISIBLE, 20_000);
        Check.duration("the message came again", System.currentTimeMillis() - changedAtMs, 2_000 - EARLY_MS,
            2_000 + clients.plan.number("redeliveryLateMs"));
        Check.equal("message id", again.getMessageId(), holding.message().getMessageId());
        Check.equal("second attempt", again.getDeliveryAttempt(), 2);
        holding.consumer().ack(again);
    }

    private static void refuseExpired(RowClients clients) throws Exception {
        Holding holding = receiveSent(clients, "expired");
        Thread.sleep(INVISIBLE.toMillis() + 1_000);
        Refusal.INVALID_RECEIPT_HANDLE.expect(() -> holding.consumer().ack(holding.message()));
        Refusal.INVALID_RECEIPT_HANDLE.expect(
            () -> holding.consumer().changeInvisibleDuration(holding.message(), INVISIBLE));
    }

    private static void capBatch(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        List<String> bodies = IntStream.range(0, 2 * BATCH_MAX + 6).mapToObj(index -> "M-" + index).toList();
        for (String body : bodies) {
            producer.send(Messages.of(clients.topic(), body).build());
        }
        List<MessageView> received = new ArrayList<>(consumer.receive(100, Messages.INVISIBLE));
        Check.holds(!received.isEmpty(), "the first receive gave nothing");
        Check.holds(received.size() <= BATCH_MAX, "a receive gave " + received.size() + " messages");
        for (MessageView message : received) {
            consumer.ack(message);
        }
        received.addAll(Messages.receiveUntil(consumer, bodies.size() - received.size()));
        Check.same("received", Messages.bodies(received), bodies);
    }

    private static void refuseInvisible(RowClients clients) throws Exception {
        SimpleConsumer consumer = clients.simple();
        Refusal.ILLEGAL_INVISIBLE_TIME.expect(() -> consumer.receive(1, Duration.ofSeconds(5)));
        Refusal.ILLEGAL_INVISIBLE_TIME.expect(() -> consumer.receive(1, Duration.ofHours(13)));
    }
}
