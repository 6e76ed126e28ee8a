package nomos.conformance;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;

/** Sending and receiving as such. */
final class SendingRows {
    private static final int ASYNC_SENDS = 200;

    static final Map<String, RowProgram> ROWS = Map.of(
        "send-receive", SendingRows::sendAndReceive,
        "send-async", SendingRows::sendAsynchronously,
        "long-poll", SendingRows::answerAtOnce,
        "receive-nothing", SendingRows::receiveNothing);

    private SendingRows() {
    }

    private static void sendAndReceive(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        byte[] body = "\u0000\u0001\u007f grüße 消息".getBytes(StandardCharsets.UTF_8);
        long bornAtMs = System.currentTimeMillis();
        SendReceipt receipt = producer.send(Messages.of(clients.topic(), body).setKeys("T-1", "T-2").setTag("OUT")
            .addProperty("region", "north").addProperty("note", "a=b; \"c\", ü").build());
        MessageView message = Messages.receiveOne(consumer);
        Check.equal("message id", message.getMessageId(), receipt.getMessageId());
        Check.equal("topic", message.getTopic(), clients.topic());
        Check.holds(Arrays.equals(Messages.bytes(message), body), "the body differs");
        Check.equal("keys", List.copyOf(message.getKeys()), List.of("T-1", "T-2"));
        Check.equal("tag", message.getTag().orElse(null), "OUT");
        Check.equal("region", message.getProperties().get("region"), "north");
        Check.equal("note", message.getProperties().get("note"), "a=b; \"c\", ü");
        Check.equal("delivery attempt", message.getDeliveryAttempt(), 1);
        Check.duration("born", message.getBornTimestamp() - bornAtMs, -1, 5_000);
        Check.holds(!message.getBornHost().isEmpty(), "the born host is missing");
        consumer.ack(message);
    }

    private static void sendAsynchronously(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        List<String> bodies = IntStream.range(0, ASYNC_SENDS).mapToObj(index -> "B-" + index).toList();
        List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
        for (String body : bodies) {
            sends.add(producer.sendAsync(Messages.of(clients.topic(), body).build()));
        }
        List<String> ids = sends.stream().map(send -> send.join().getMessageId().toString()).toList();
        List<MessageView> received = Messages.receiveUntil(consumer, ASYNC_SENDS);
        Check.same("ids", received.stream().map(message -> message.getMessageId().toString()).toList(), ids);
        Check.same("bodies", Messages.bodies(received), bodies);
    }

    private static void answerAtOnce(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        CompletableFuture<Long> arrival = consumer.receiveAsync(1, Messages.INVISIBLE).thenApply(messages -> {
            Check.equal("messages", messages.size(), 1);
            return System.currentTimeMillis();
        });
        Thread.sleep(1_500);
        long sentAtMs = System.currentTimeMillis();
        producer.send(Messages.of(clients.topic(), "now").build());
        Check.duration("the waiting receive was answered", arrival.join() - sentAtMs, 0, 1_000);
    }

    private static void receiveNothing(RowClients clients) throws Exception {
        SimpleConsumer consumer = clients.simple();
        long startedAtMs = System.currentTimeMillis();
        Check.equal("messages", consumer.receive(1, Duration.ofSeconds(10)).size(), 0);
        Check.duration("the receive ended", System.currentTimeMillis() - startedAtMs, 4_000, 8_000);
    }
}
